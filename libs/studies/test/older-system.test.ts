import { contractCalendar } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { type DeltaOutput, prepareStudy, pushAll, STUDY_NAMES, type TrueDeltaOutput, type VwapOutput } from '../src/index.ts'
import { madeUpDay, quote, START_US, trade } from './ticks.ts'

const run = <Output>(name: string, parameters: Record<string, unknown>, ticks: readonly TickMessage[]): Output[] =>
  pushAll(prepareStudy(name, parameters).create(), ticks) as Output[]

describe('what the older system’s studies got wrong', () => {
  it('regression: windows were cut by the wall clock, so history gave nothing', () => {
    const outputs = run<DeltaOutput>('delta', {}, [quote(0, 10, 11), trade(1, 11, 3), trade(2, 10, 1)])
    expect(outputs.at(-1)?.summary).toMatchObject({ trade_count: 2, net_delta: 2, total_buy_volume: 3, total_sell_volume: 1 })
  })

  it('regression: the time of a trade was the time of its emission', () => {
    expect(run<DeltaOutput>('delta', {}, [trade(5, 10, 1)])[0]?.ts).toBe(START_US + 5_000_000)
  })

  it('regression: local times without zone were mixed with UTC; now every time is a number of µs', () => {
    const study = prepareStudy('vwap').create()
    const [output] = pushAll(study, [trade(5, 10, 1)]) as VwapOutput[]
    expect(output).toMatchObject({ ts: START_US + 5_000_000, summary: { session_start: START_US + 5_000_000 } })
  })

  it.each(['AllLast', 'all_last', 'ALLLAST', 'alllast'])('regression: %s became an unknown tick type', (trades) => {
    expect(prepareStudy('vwap', { trades }).inputs).toEqual(['all_last'])
  })

  it('regression: the summary of VWAP and Bollinger had no name and was shown as a delta’s', () => {
    for (const name of STUDY_NAMES) {
      const study = prepareStudy(name, {}).create()
      pushAll(study, madeUpDay(200))
      expect(study.snapshot()?.study).toBe(name)
    }
  })

  it('regression: a ratio without sells was Infinity, which is not JSON', () => {
    const [output] = run<DeltaOutput>('delta', {}, [quote(0, 10, 11), trade(1, 11, 3)]).slice(-1)
    expect(output?.summary).toMatchObject({ buy_sell_ratio: null, buy_percentage: 100 })
  })

  it('regression: a ratio stays null when decimal sells have left the window, not a quotient by their rounding error', () => {
    const ticks = [quote(0, 10, 11), trade(1, 10, 0.1), trade(1, 10, 0.2), trade(1, 10, 0.7), trade(30, 11, 1), trade(62, 11, 1)]
    expect(run<DeltaOutput>('delta', {}, ticks).at(-1)?.summary).toMatchObject({
      total_sell_volume: 0,
      buy_sell_ratio: null,
      trade_count: 2,
    })
  })

  it('regression: a window was silently cut to its last 10,000 trades', () => {
    const ticks = Array.from({ length: 25_000 }, (_, i) => trade(i / 1_000, 10, 1))
    expect(run<DeltaOutput>('delta', {}, ticks).at(-1)?.summary.trade_count).toBe(25_000)
    expect(run<VwapOutput>('vwap', { window_seconds: 60 }, ticks).at(-1)?.summary.trade_count).toBe(25_000)
  })

  it('regression: a VWAP’s session was the process’s, without a reset at the open', () => {
    const calendar = contractCalendar({
      timeZoneId: 'UTC',
      tradingHours: '20250730:1300-20250730:1410;20250730:1420-20250731:1300',
      liquidHours: '20250730:1300-20250730:1410;20250731:1300-20250731:1410',
    })
    const study = prepareStudy('vwap').create({ calendar })
    const outputs = pushAll(study, [trade(0, 10, 1), trade(660, 20, 1), trade(1_200, 30, 1), trade(1_201, 32, 1)]) as VwapOutput[]
    expect(outputs.map(({ session, vwap, summary }) => [session, vwap.value, summary.session_start, summary.trade_count])).toEqual([
      ['2025-07-30', 10, Date.UTC(2025, 6, 30, 13) * 1_000, 1],
      ['2025-07-30', 15, Date.UTC(2025, 6, 30, 13) * 1_000, 2],
      ['2025-07-31', 30, Date.UTC(2025, 6, 30, 14, 20) * 1_000, 1],
      ['2025-07-31', 31, Date.UTC(2025, 6, 30, 14, 20) * 1_000, 2],
    ])
  })

  it('regression: one record held two contradicting bands', () => {
    const study = prepareStudy('vwap').create()
    const last = pushAll(study, [trade(1, 10, 1), trade(2, 11, 2), trade(3, 12, 1)]).at(-1) as VwapOutput
    expect(last.summary).not.toHaveProperty('upper_band')
    expect(last.summary.band_width).toBeCloseTo((last.vwap.upper_band ?? 0) - (last.vwap.lower_band ?? 0), 12)
    expect(study.snapshot()).toEqual(last)
  })

  it('regression: the share of hits counted the whole run over one window and passed 100 %', () => {
    const ticks = [quote(0, 10, 11), ...Array.from({ length: 500 }, (_, i) => trade(i, i % 2 ? 11 : 10, 1))]
    const outputs = run<TrueDeltaOutput>('true_delta', { window_seconds: 10 }, ticks)
    expect(Math.max(...outputs.map(({ calculation_stats }) => calculation_stats.true_delta_percentage ?? 0))).toBe(100)
    expect(outputs.at(-1)?.calculation_stats).toMatchObject({ bid_hits: 5, ask_hits: 5 })
  })

  it('regression: each trade read its whole window again', () => {
    const time = (seconds: number) => {
      const ticks = Array.from({ length: 40_000 }, (_, i) => trade(i / 40, 10 + (i % 7), 1))
      const startMs = performance.now()
      run('bollinger', { period_seconds: seconds }, ticks)
      return performance.now() - startMs
    }
    time(600)
    // A scan of 24,000 trades for each of 40,000 would take a thousand times as long as one of 24.
    expect(time(600)).toBeLessThan(50 * time(1) + 200)
  })
})
