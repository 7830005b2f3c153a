import { type ContractCalendar, contractCalendar } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { prepareStudy, pushAll, STUDY_NAMES } from '../src/index.ts'
import { quote, trade } from './ticks.ts'

const us = (iso: string): number => Date.parse(iso) * 1_000
const at = <Tick extends TickMessage>(iso: string, tick: Tick): Tick => ({ ...tick, ts: us(iso), st: us(iso) + 250_000 })

/** New York, the weekend of 2025-03-09 on which clocks went forward: Friday opens at 14:30 UTC, Monday at 13:30 UTC. */
const acrossDst = contractCalendar({
  timeZoneId: 'US/Eastern',
  tradingHours: '20250307:0930-20250307:1600;20250308:CLOSED;20250309:CLOSED;20250310:0930-20250310:1600',
  liquidHours: '20250307:0930-20250307:1600;20250308:CLOSED;20250309:CLOSED;20250310:0930-20250310:1600',
})
/** Thanksgiving 2025: Thursday is closed, a quote comes all the same. */
const acrossHoliday = contractCalendar({
  timeZoneId: 'US/Eastern',
  tradingHours: '20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300',
  liquidHours: '20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300',
})

interface Days {
  name: string
  calendar: ContractCalendar
  first: string
  second: string
  /** Seconds before these instants still belong to the first session. */
  lastOfFirst: string
  firstOfSecond: string
}

const DAYS: readonly Days[] = [
  {
    name: 'a weekend with a change of clocks',
    calendar: acrossDst,
    first: '2025-03-07',
    second: '2025-03-10',
    lastOfFirst: '2025-03-10T13:29:59Z',
    firstOfSecond: '2025-03-10T13:30:00Z',
  },
  {
    name: 'a closed day',
    calendar: acrossHoliday,
    first: '2025-11-26',
    second: '2025-11-28',
    lastOfFirst: '2025-11-28T14:29:59Z',
    firstOfSecond: '2025-11-28T14:30:00Z',
  },
]

/** One session with a buy of 3 at 11, then a last buy of 2 at 11 the second before the next; there a quote that is lower, and a sell of 5 at 20. */
function ticksOf({ first, lastOfFirst, firstOfSecond }: Days): TickMessage[] {
  return [
    at(`${first}T15:00:00Z`, quote(0, 10, 11, 100, 300)),
    at(`${first}T15:00:10Z`, trade(0, 11, 3)),
    at(`${first}T15:00:20Z`, quote(0, 10, 11, 150, 300)),
    at(lastOfFirst, trade(0, 11, 2)),
    at(firstOfSecond, quote(0, 20, 22, 40, 10)),
    at(firstOfSecond, trade(0, 20, 5)),
    at(firstOfSecond.replace(':00Z', ':10Z'), quote(0, 20, 22, 70, 10)),
  ]
}

/** What each gives around the reset, by value: the last output of the first session, and all of the second. */
const WANTED: Readonly<Record<string, { parameters?: Record<string, unknown>; before: object; after: readonly object[] }>> = {
  bars: {
    parameters: { interval: '1d', session: 'full' },
    before: { open: 11, high: 11, low: 11, close: 11, volume: 2, trade_count: 1, quote_count: 0 },
    after: [{ open: 20, high: 20, low: 20, close: 20, volume: 5, vwap: 20, trade_count: 1, quote_count: 2, complete: false }],
  },
  bollinger: {
    parameters: { min_trades: 2, period_seconds: 604_800 },
    before: { bands: { sma: 11, std_dev: 0 }, summary: { trade_count: 2 } },
    after: [],
  },
  delta: {
    parameters: { window_seconds: 604_800 },
    before: { summary: { trade_count: 2, total_buy_volume: 5, net_delta: 5, cumulative_delta: 5 } },
    after: [
      {
        current_quote: { bid: 20, ask: 22 },
        summary: { trade_count: 1, total_buy_volume: 0, total_sell_volume: 5, net_delta: -5, cumulative_delta: -5 },
      },
    ],
  },
  order_flow_imbalance: {
    parameters: { every_seconds: 0, window_seconds: 604_800 },
    before: { quote_count: 2, order_flow_imbalance: 50, cumulative: 50 },
    after: [
      { quote_count: 1, order_flow_imbalance: 0, normalized: null, cumulative: 0 },
      { quote_count: 2, order_flow_imbalance: 30, normalized: 1, cumulative: 30 },
    ],
  },
  passthrough: {
    before: { metadata: { tick_count: 4, tick_counts_by_type: { bid_ask: 2, last: 2 } } },
    after: [
      { metadata: { tick_count: 1, tick_counts_by_type: { bid_ask: 1 }, elapsed_seconds: 0 } },
      { metadata: { tick_count: 2, tick_counts_by_type: { bid_ask: 1, last: 1 }, elapsed_seconds: 0 } },
      { metadata: { tick_count: 3, tick_counts_by_type: { bid_ask: 2, last: 1 }, elapsed_seconds: 10 } },
    ],
  },
  spread: {
    before: { quoted: { time_weighted: 1, last: 1 }, effective: { mean: 1, trade_count: 1 }, quote_count: 0, complete: false },
    after: [
      { quoted: { time_weighted: 2, mean: 2, last: 2 }, effective: { mean: 2, trade_count: 1 }, quote_count: 2, two_sided_seconds: 10 },
    ],
  },
  true_delta: {
    parameters: { window_seconds: 604_800 },
    before: { summary: { cumulative_delta: 5 }, calculation_stats: { ask_hits: 2, bid_hits: 0, true_delta_percentage: 100 } },
    after: [{ summary: { cumulative_delta: -5 }, calculation_stats: { ask_hits: 0, bid_hits: 1 }, current_quote: { bid_size: 40 } }],
  },
  volume_profile: {
    parameters: { every_seconds: 0 },
    before: { total_volume: 5, point_of_control: 11, levels: [{ price: 11, volume: 5, buy_volume: 5, trade_count: 2 }] },
    after: [{ total_volume: 5, point_of_control: 20, levels: [{ price: 20, volume: 5, sell_volume: 5, trade_count: 1 }] }],
  },
  vwap: {
    before: { vwap: { value: 11 }, summary: { trade_count: 2, total_volume: 5 } },
    after: [
      {
        vwap: { value: 20, realized_volatility: null },
        summary: { trade_count: 1, total_volume: 5, band_touches: { upper: 0, lower: 0 } },
      },
    ],
  },
}

it('every study is held to its resets', () => expect(Object.keys(WANTED).sort()).toEqual([...STUDY_NAMES].sort()))

describe.each(DAYS)('a reset at the open after $name', (days) => {
  it.each(STUDY_NAMES)('%s', (name) => {
    const { parameters, before, after } = WANTED[name] ?? { before: {}, after: [] }
    const study = prepareStudy(name, { session: 'full', ...parameters }).create({ calendar: days.calendar })
    const outputs = [...pushAll(study, ticksOf(days)), ...study.flush()] as { session?: string | null }[]
    const of = (date: string) => outputs.filter(({ session }) => session === date)
    expect(of(days.first).at(-1)).toMatchObject(before)
    expect(of(days.second)).toMatchObject(after)
    expect(outputs).toHaveLength(of(days.first).length + of(days.second).length)
  })

  it.each(STUDY_NAMES)('no %s without sessions', (name) => {
    const { parameters } = WANTED[name] ?? {}
    const study = prepareStudy(name, { ...parameters, session: 'none' }).create({ calendar: days.calendar })
    const outputs = [...pushAll(study, ticksOf(days)), ...study.flush()] as { session?: string | null }[]
    expect(outputs.length).toBeGreaterThan(0)
    expect(outputs.every(({ session }) => session === null)).toBe(true)
  })

  it('the session’s start is the open in its own zone', () => {
    const study = prepareStudy('vwap', { session: 'full' }).create({ calendar: days.calendar })
    const starts = (pushAll(study, ticksOf(days)) as unknown as { summary: { session_start: number } }[]).map(
      ({ summary }) => summary.session_start,
    )
    expect(starts).toEqual([us(`${days.first}T14:30:00Z`), us(`${days.first}T14:30:00Z`), us(days.firstOfSecond)])
  })

  it('time bars begin at the session’s start, so a four-hour bar lies on the open and not on UTC', () => {
    const study = prepareStudy('bars', { interval: '4h', session: 'full' }).create({ calendar: days.calendar })
    const bars = [...pushAll(study, ticksOf(days)), ...study.flush()]
    expect(bars[0]?.ts).toBe(us(`${days.first}T14:30:00Z`))
    expect(bars.at(-1)?.ts).toBe(us(days.firstOfSecond))
  })
})

describe('a session takes nothing over', () => {
  const [days] = DAYS as [Days]
  const { first, firstOfSecond } = days
  const later = (second: number) => firstOfSecond.replace(':00Z', `:${second}Z`)
  const run = (name: string, parameters: Record<string, unknown>, ticks: readonly TickMessage[]) =>
    pushAll(prepareStudy(name, { session: 'full', ...parameters }).create({ calendar: days.calendar }), ticks)
  const noQuoteYet = [
    at(`${first}T15:00:00Z`, quote(0, 10, 11)),
    at(`${first}T15:00:10Z`, trade(0, 11, 3)),
    at(firstOfSecond, trade(0, 11.5, 5)),
  ]

  it('no quote and no price before: its first trade is undecided', () => {
    for (const name of ['delta', 'true_delta'])
      expect(run(name, {}, noQuoteYet).at(-1)).toMatchObject({
        current_trade: { delta: 0 },
        current_quote: { bid: null, ask: null },
        summary: { total_neutral_volume: 5, cumulative_delta: 0 },
      })
    expect(run('true_delta', {}, noQuoteYet).at(-1)).toMatchObject({ calculation_stats: { ask_hits: 0, no_quote_trades: 1 } })
    expect(run('volume_profile', { every_seconds: 0 }, noQuoteYet).at(-1)).toMatchObject({
      levels: [{ price: 11.5, volume: 5, buy_volume: 0, sell_volume: 0 }],
    })
  })

  it('no return from the last price before, and no touches of bands', () => {
    const before = [10, 10, 10, 14].map((price, i) => at(`${first}T15:00:1${i}Z`, trade(0, price, 1)))
    const after = [20, 22].map((price, i) => at(later(10 + i), trade(0, price, 1)))
    const parameters = { min_trades: 2, std_dev: 1 }
    expect(run('vwap', parameters, before).at(-1)).toMatchObject({ summary: { band_touches: { upper: 1 } } })
    const [output] = run('vwap', parameters, [...before, ...after]).slice(-1) as unknown as [{ vwap: { realized_volatility: number } }]
    expect(output).toMatchObject({ summary: { trade_count: 2, total_band_touches: 0 } })
    expect(output.vwap.realized_volatility).toBeCloseTo(Math.log(22 / 20), 12)
    expect(run('bollinger', parameters, [...before, ...after]).at(-1)).toMatchObject({
      bands: { sma: 21 },
      summary: { trade_count: 2, total_band_touches: 0 },
    })
  })
})

describe('the pace of outputs', () => {
  it('with every_seconds: the state at the end of each stretch, told by the first tick after it', () => {
    const study = prepareStudy('delta', { every_seconds: 5, session: 'none' }).create()
    study.push(quote(0, 10, 11))
    expect([trade(1, 11, 1), trade(4, 11, 2)].flatMap((tick) => study.push(tick))).toEqual([])
    expect(study.push(trade(5, 10, 4))).toMatchObject([{ summary: { trade_count: 2, cumulative_delta: 3 } }])
    expect(study.flush()).toMatchObject([{ summary: { trade_count: 3, cumulative_delta: -1 } }])
    expect(study.flush()).toEqual([])
  })

  it('with every_seconds: what a session still held is given before the reset', () => {
    const [days] = DAYS as [Days]
    const study = prepareStudy('delta', { every_seconds: 604_800, session: 'full' }).create({ calendar: days.calendar })
    expect([...pushAll(study, ticksOf(days)), ...study.flush()]).toMatchObject([
      { session: days.first, summary: { cumulative_delta: 5 } },
      { session: days.second, summary: { cumulative_delta: -5 } },
    ])
  })
})
