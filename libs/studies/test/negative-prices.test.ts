import { expect, it } from '@jest/globals'
import { prepareStudy, pushAll, type StudyOutput } from '../src/index.ts'
import { quote, trade } from './ticks.ts'

const last = (name: string, parameters: Record<string, unknown>, sign: 1 | -1): StudyOutput | undefined => {
  const study = prepareStudy(name, parameters).create()
  const [low, high] = sign === 1 ? [36, 38] : [-38, -36]
  const ticks = [quote(0, low, high), trade(1, 36 * sign, 1), trade(2, 38 * sign, 1), trade(3, 37 * sign, 1)]
  return [...pushAll(study, ticks), ...study.flush()].at(-1)
}

// As oil was in April 2020.
it('regression: at prices below 0 wide bands were a squeeze, and widths and spreads in percent were below 0', () => {
  const bands = (sign: 1 | -1) => last('bollinger', { min_trades: 2 }, sign) as unknown as { bands: object; summary: object }
  const { bands: above } = bands(1) as { bands: { band_width_percent: number } }
  expect(above.band_width_percent).toBeGreaterThan(3)
  expect(bands(-1)).toMatchObject({
    bands: { band_width_percent: above.band_width_percent, is_squeeze: false },
    summary: { volatility_regime: 'high' },
  })
  const vwap = (sign: 1 | -1) =>
    (last('vwap', { min_trades: 2 }, sign) as unknown as { summary: { band_width_percent: number } }).summary.band_width_percent
  expect(vwap(-1)).toBe(vwap(1))
  const bps = (sign: 1 | -1) => (last('spread', {}, sign) as unknown as { quoted_bps: { mean: number } }).quoted_bps
  expect(bps(-1)).toEqual(bps(1))
})
