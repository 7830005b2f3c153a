import { contractCalendar } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { type Bar, prepareStudy, pushAll } from '../src/index.ts'
import { quote, START_US, trade } from './ticks.ts'

const run = (parameters: Record<string, unknown>, ...ticks: readonly TickMessage[]): Bar[] => {
  const study = prepareStudy('bars', parameters).create()
  return [...pushAll(study, ticks), ...study.flush()] as Bar[]
}
const ohlc = ({ open, high, low, close, volume }: Bar) => [open, high, low, close, volume]

it('a minute holds its first µs and not its last', () => {
  const bars = run({}, trade(0, 10, 1), trade(59, 12, 3), trade(60, 11, 2))
  expect(bars.map(({ ts, end }) => [(ts - START_US) / 1e6, (end - START_US) / 1e6])).toEqual([
    [0, 60],
    [60, 120],
  ])
  expect(bars.map(ohlc)).toEqual([
    [10, 12, 10, 12, 4],
    [11, 11, 11, 11, 2],
  ])
  expect(bars[0]).toMatchObject({ vwap: 11.5, trade_count: 2, quote_count: 0, complete: true })
  expect(bars[1]?.complete).toBe(false)
})

it('of the mid: one price a two-sided quote; trades give the volume', () => {
  const { ap: _ap, as: _as, ...bidOnly } = quote(2, 9, 11)
  const [bar] = run({ of: 'mid' }, quote(0, 10, 11), trade(1, 50, 3), bidOnly, quote(3, 10, 10.5))
  expect(ohlc(bar as Bar)).toEqual([10.5, 10.5, 10.25, 10.25, 3])
  expect(bar).toMatchObject({ vwap: 50, trade_count: 1, quote_count: 3 })
})

it('of mid_point: IB’s own mids', () => {
  const { p: _p, s: _s, ...rest } = trade(0, 1, 1)
  const mids = [1.1, 1.3, 1.2].map((mp): TickMessage => ({ ...rest, tt: 'mid_point', mp }))
  expect(run({ of: 'mid_point' }, ...mids).map(ohlc)).toEqual([[1.1, 1.3, 1.1, 1.2, 0]])
})

it('a trade that fills a volume bar is not split', () => {
  const bars = run({ interval: '10v' }, trade(0, 10, 6), trade(1, 11, 25), trade(2, 12, 1))
  expect(bars.map((bar) => [bar.volume, bar.complete])).toEqual([
    [31, true],
    [1, false],
  ])
})

it('a trade without size has a price in bars, but no volume and no VWAP', () => {
  const { s: _s, ...index } = trade(0, 5_000, 1)
  expect(run({}, index)).toMatchObject([{ close: 5_000, volume: 0, vwap: null, trade_count: 1 }])
})

/** MNQ's week: 17:00 to 16:00 in Chicago, the next day's date. START_US is Wednesday, 09:00 there. */
const FUTURE = contractCalendar({
  timeZoneId: 'US/Central',
  tradingHours: '20250729:1700-20250730:1600;20250730:1700-20250731:1600',
  liquidHours: '20250730:0830-20250730:1600;20250731:0830-20250731:1600',
})
const CLOSE_S = 7 * 3_600
const OPEN_S = 8 * 3_600

it.each([
  ['1m', true],
  ['1h', true],
  ['1d', true],
  ['7h', false], // the last one would go on to 21:00
  ['100t', false],
])('regression: the last bar of a session was never complete, although it had ended; of %s it is %s', (interval, isComplete) => {
  const study = prepareStudy('bars', { interval, session: 'full' }).create({ calendar: FUTURE })
  const ticks = [trade(CLOSE_S - 30, 10, 1), trade(CLOSE_S - 10, 11, 1), trade(OPEN_S, 20, 1), trade(OPEN_S + 5, 21, 1)]
  const bars = [...pushAll(study, ticks), ...study.flush()] as Bar[]
  expect(bars.map(({ session, close, complete }) => [session, close, complete])).toEqual([
    ['2025-07-30', 11, isComplete],
    ['2025-07-31', 21, false],
  ])
})

it.each([
  [{}, 0, true],
  [{}, 1, false],
  [{ clock: 'st' }, -1, true],
  [{ clock: 'st' }, 0, false], // what was received at the first moment may have the stamp of the second before
  [{ interval: '2t' }, 1, true], // begins with its first tick
])(
  'regression: the first bar of a range that begins inside it said that it was complete (%j from second %d on: %s)',
  (parameters, fromS, complete) => {
    const study = prepareStudy('bars', parameters).create({ fromUs: START_US + fromS * 1e6 })
    const bars = pushAll(study, [trade(10, 10, 1), trade(20, 11, 1), trade(61, 12, 1), trade(130, 13, 1)]) as Bar[]
    expect(bars.map((bar) => bar.complete)).toEqual([complete, true])
  },
)

it('regression: the last bar of a range was never complete: it is where every tick before its end was given', () => {
  const last = (untilS: number, parameters = {}) => {
    const study = prepareStudy('bars', parameters).create()
    study.push(trade(10, 10, 1))
    return study.flush(START_US + untilS * 1e6) as Bar[]
  }
  expect(last(60)).toMatchObject([{ complete: true }])
  expect(last(59)).toMatchObject([{ complete: false }])
  expect(last(600, { interval: '5t' })).toMatchObject([{ complete: false }])
})
