import type { TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { prepareStudy, pushAll, type SpreadOutput } from '../src/index.ts'
import { quote, START_US, trade } from './ticks.ts'

const run = (...ticks: readonly TickMessage[]): SpreadOutput[] => {
  const study = prepareStudy('spread', { clock: 'ts' }).create()
  return [...pushAll(study, ticks), ...study.flush()] as SpreadOutput[]
}

it('weights by the time that each quote stood, carried in from the stretch before', () => {
  const [first, second] = run(quote(30, 10, 11), quote(50, 10, 14), quote(90, 10, 12), quote(120, 10, 11))
  expect(first).toMatchObject({
    ts: START_US,
    end: START_US + 60_000_000,
    complete: true,
    quoted: { time_weighted: (1 * 20 + 4 * 10) / 30, mean: 2.5, min: 1, max: 4, last: 4 },
    two_sided_seconds: 30,
    quote_count: 2,
  })
  expect(second).toMatchObject({
    quoted: { time_weighted: (4 * 30 + 2 * 30) / 60, mean: 2, last: 2 },
    two_sided_seconds: 60,
    quote_count: 1,
  })
})

it('regression: the first stretch of a range that begins inside it said that it was complete', () => {
  const completeFrom = (fromS: number) => {
    const study = prepareStudy('spread', { clock: 'ts' }).create({ fromUs: START_US + fromS * 1e6 })
    return (pushAll(study, [quote(30, 10, 11), quote(61, 10, 11), quote(121, 10, 11)]) as SpreadOutput[]).map(({ complete }) => complete)
  }
  expect(completeFrom(0)).toEqual([true, true])
  expect(completeFrom(1)).toEqual([false, true])
})

it('gives the effective spread of trades by volume, against the quote that stood', () => {
  const [output] = run(
    trade(0, 10, 9),
    quote(1, 10, 11),
    trade(2, 11, 1),
    trade(3, 10.6, 3),
    trade(4, 12, 0),
    quote(5, 10, 13),
    trade(6, 11, 2),
  )
  expect(output?.effective.trade_count).toBe(3)
  expect(output?.effective.mean).toBeCloseTo((1 * 1 + 0.2 * 3 + 1 * 2) / 6, 12)
})

it('counts one-sided, locked and crossed quotes; a locked one has a spread of 0, the others have none', () => {
  const { ap: _ap, as: _as, ...bidOnly } = quote(10, 10, 11)
  const [output] = run(
    quote(0, 10, 12),
    bidOnly,
    trade(15, 11, 1),
    quote(20, 10, 10),
    quote(30, 11, 10),
    trade(35, 10.5, 1),
    quote(40, 10, 11),
    quote(50, 10, 11),
  )
  expect(output).toMatchObject({
    one_sided_count: 1,
    locked_count: 1,
    crossed_count: 1,
    quote_count: 6,
    quoted: { time_weighted: (2 * 10 + 0 * 10 + 1 * 10) / 30, mean: (2 + 0 + 1 + 1) / 4, min: 0, max: 2, last: 1 },
    effective: { mean: null, trade_count: 0 },
    two_sided_seconds: 30,
    complete: false,
  })
})

it('a stretch without a tick gives nothing, and what stood through it goes on in the next', () => {
  const outputs = run(quote(0, 10, 12), quote(150, 10, 11))
  expect(outputs.map(({ ts, quoted, two_sided_seconds }) => [(ts - START_US) / 1e6, quoted.time_weighted, two_sided_seconds])).toEqual([
    [0, 2, 60],
    [120, 2, 30],
  ])
})
