import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { SpreadOutput, StudyOutput, TrueDeltaOutput, VolumeProfileOutput, VwapOutput } from '../src/index.ts'
import { type Bar, type BollingerOutput, type DeltaOutput, type ImbalanceOutput, prepareStudy, pushAll } from '../src/index.ts'
import { expectClose, quotesOf, signedTrades, sum, windows } from './naive/trades.ts'
import { aDay } from './real-day.ts'

const day = aDay()
const trades = signedTrades(day)
const MINUTE_US = 60_000_000

/** A whole day of one study. @param Output is the study's own; the registry gives the common one */
function run<Output extends StudyOutput>(name: string, parameters: Record<string, unknown>, ticks: readonly TickMessage[] = day): Output[] {
  const study = prepareStudy(name, parameters).create()
  return [...pushAll(study, ticks), ...study.flush()] as Output[]
}

/** Every n-th: the naive model is slow where windows are long. */
const some = <T>(items: readonly T[], n: number): T[] => items.filter((_, i) => i % n === 0)

describe('a whole day, equal to the naive model to 1e-9', () => {
  it.each([
    [0, 'volume', 197],
    [300, 'volume', 7],
    [60, 'trades', 3],
  ])('VWAP over %i s, weighted by %s', (seconds, weight, step) => {
    const outputs = run<VwapOutput>('vwap', { window_seconds: seconds, weight, std_dev: 2 })
    expect(outputs).toHaveLength(trades.length)
    for (const { i, window } of windows(trades, seconds, step)) {
      const { vwap, summary } = outputs[i] as VwapOutput
      const volume = sum(window.map(({ size }) => size))
      const value = sum(window.map(({ price, size }) => price * size)) / volume
      const mean = sum(window.map(({ price }) => price)) / window.length
      const variance =
        weight === 'volume'
          ? sum(window.map(({ price, size }) => size * (price - value) ** 2)) / volume
          : sum(window.map(({ price }) => (price - mean) ** 2)) / window.length
      const returns = window.slice(1).map(({ price }, k) => Math.log(price / (window[k]?.price ?? 0)) ** 2)
      expect(summary.trade_count).toBe(window.length)
      expectClose(summary.total_volume, volume, `volume of trade ${i}`)
      expectClose(vwap.value, value, `VWAP of trade ${i}`)
      if (window.length > 1) expectClose(vwap.realized_volatility, Math.sqrt(sum(returns)), `volatility of trade ${i}`)
      if (window.length < 3) expect(vwap.upper_band).toBeNull()
      else expectClose(vwap.upper_band, value + 2 * Math.sqrt(variance), `band of trade ${i}`)
    }
  })

  it('Bollinger bands', () => {
    const outputs = run<BollingerOutput>('bollinger', { period_seconds: 1200, std_dev: 2 })
    const wanted = windows(trades, 1200).filter(({ window }) => window.length >= 10)
    expect(outputs).toHaveLength(wanted.length)
    for (const [i, { window, trade }] of some([...wanted.entries()], 23)) {
      const mean = sum(window.map(({ price }) => price)) / window.length
      const deviation = Math.sqrt(sum(window.map(({ price }) => (price - mean) ** 2)) / window.length)
      const { bands, analysis, current_trade } = outputs[i] as BollingerOutput
      expect(current_trade.price).toBe(trade.price)
      expectClose(bands.sma, mean, `mean ${i}`)
      expectClose(bands.std_dev, deviation, `deviation ${i}`)
      expectClose(bands.lower_band, mean - 2 * deviation, `lower band ${i}`)
      if (deviation > 0) expectClose(analysis.percent_b, (trade.price - mean + 2 * deviation) / (4 * deviation), `percent_b ${i}`)
    }
  })

  it('delta and true delta', () => {
    const plain = run<DeltaOutput>('delta', {})
    const outputs = run<TrueDeltaOutput>('true_delta', {})
    expect(outputs).toHaveLength(trades.length)
    let cumulative = 0
    for (const { i, window, trade } of windows(trades, 60)) {
      const { summary, current_trade, calculation_stats } = outputs[i] as TrueDeltaOutput
      const volume = (side: number) => sum(window.filter((each) => each.side === side).map(({ size }) => size))
      const count = (basis: string) => window.filter((each) => each.basis === basis).length
      cumulative += trade.size * trade.side
      expect(plain[i]?.summary).toEqual(summary)
      expectClose(current_trade.delta, trade.size * trade.side, `delta ${i}`)
      expectClose(summary.net_delta, volume(1) - volume(-1), `net delta ${i}`)
      expectClose(summary.total_neutral_volume, volume(0), `neutral ${i}`)
      expectClose(summary.cumulative_delta, cumulative, `cumulative ${i}`)
      if (volume(-1) > 0) expectClose(summary.buy_sell_ratio, volume(1) / volume(-1), `ratio ${i}`)
      const { bid_hits, ask_hits, inside_spread, crossed_quote_trades, no_quote_trades } = calculation_stats
      const got = [bid_hits, ask_hits, inside_spread, crossed_quote_trades, no_quote_trades]
      const wanted = ['bid', 'ask', 'inside', 'crossed', 'tick'].map(count)
      if (got.join() !== wanted.join()) expect(got).toEqual(wanted)
    }
  })

  it('one-minute bars of trades, and of the mid', () => {
    for (const source of ['trades', 'mid']) {
      const bars = run<Bar>('bars', { interval: '1m', of: source })
      const minutes = Map.groupBy(day, ({ ts }) => Math.floor(ts / MINUTE_US) * MINUTE_US)
      const wanted = [...minutes].map(([ts, ticks]) => naiveBar(ts, ticks, source)).filter(({ prices }) => prices.length > 0)
      expect(bars.map(({ ts }) => ts)).toEqual(wanted.map(({ ts }) => ts))
      for (const [i, { prices, ...rest }] of wanted.entries()) {
        const { open, high, low, close, volume, vwap, trade_count, quote_count, end } = bars[i] as Bar
        expect([open, high, low, close]).toEqual([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)])
        expect([trade_count, quote_count, end]).toEqual([rest.trades, rest.quotes, rest.ts + MINUTE_US])
        expectClose(volume, rest.volume, `volume of bar ${i}`)
        if (rest.volume > 0) expectClose(vwap, rest.turnover / rest.volume, `VWAP of bar ${i}`)
      }
      expect(bars.every(({ complete, end }) => complete === end <= (day.at(-1)?.ts ?? 0))).toBe(true)
    }
  })

  it('bars by ticks and by volume', () => {
    const byTicks = run<Bar>('bars', { interval: '500t' })
    for (const [i, bar] of byTicks.entries()) {
      const part = trades.slice(i * 500, i * 500 + 500)
      expect([bar.trade_count, bar.open, bar.close, bar.ts, bar.end]).toEqual([
        part.length,
        part[0]?.price,
        part.at(-1)?.price,
        part[0]?.at,
        part.at(-1)?.at,
      ])
    }
    expect(sum(byTicks.map(({ trade_count }) => trade_count))).toBe(trades.length)
    const byVolume = run<Bar>('bars', { interval: '10000v' })
    expectClose(sum(byVolume.map(({ volume }) => volume)), sum(trades.map(({ size }) => size)), 'whole volume')
    for (const { volume, complete } of byVolume) expect(volume >= 10_000).toBe(complete)
  })

  it('order flow imbalance', () => {
    const outputs = run<ImbalanceOutput>('order_flow_imbalance', { every_seconds: 0, window_seconds: 30 })
    const quotes = quotesOf(day)
    const events = quotes.map((quote, i) => ({ at: quote.ts, e: imbalance(quotes[i - 1], quote) }))
    expect(outputs).toHaveLength(quotes.length)
    for (const { i, window } of windows(events, 30, 11)) {
      const { order_flow_imbalance, normalized, quote_count } = outputs[i] as ImbalanceOutput
      const [total, size] = [sum(window.map(({ e }) => e)), sum(window.map(({ e }) => Math.abs(e)))]
      expect(quote_count).toBe(window.length)
      expectClose(order_flow_imbalance, total, `imbalance ${i}`)
      if (size > 0) expectClose(normalized, total / size, `normalized ${i}`)
    }
    expectClose(outputs.at(-1)?.cumulative ?? null, sum(events.map(({ e }) => e)), 'cumulative')
  })

  it('volume profile', () => {
    const last = run<VolumeProfileOutput>('volume_profile', { bin: 0.01 }).at(-1) as VolumeProfileOutput
    const byPrice = Map.groupBy(trades, ({ price }) => Math.round(price * 100) / 100)
    expect(last.levels.map(({ price }) => price)).toEqual([...byPrice.keys()].sort((a, b) => a - b))
    for (const { price, volume, buy_volume, sell_volume, trade_count } of last.levels) {
      const part = byPrice.get(price) ?? []
      const of = (side: number) => sum(part.filter((each) => each.side === side).map(({ size }) => size))
      expect(trade_count).toBe(part.length)
      expectClose(volume, sum(part.map(({ size }) => size)), `volume at ${price}`)
      expectClose(buy_volume, of(1), `bought at ${price}`)
      expectClose(sell_volume, of(-1), `sold at ${price}`)
    }
    expect(Math.max(...last.levels.map(({ volume }) => volume))).toBe(
      last.levels.find(({ price }) => price === last.point_of_control)?.volume,
    )
  })

  it('value areas, each time the bigger neighbour', () => {
    for (const [bin, percent] of [
      [0.01, 70],
      [0.05, 70],
      [0.25, 40],
    ] as const) {
      const outputs = run<VolumeProfileOutput>('volume_profile', { bin, value_area_percent: percent, every_seconds: 600 })
      expect(outputs.length).toBeGreaterThan(10)
      for (const { ts, levels, total_volume, value_area_percent, ...got } of outputs) {
        const { peak, low, high, volume } = naiveArea(levels, percent)
        expect([got.point_of_control, got.value_area_low, got.value_area_high]).toEqual([peak, low, high])
        expectClose(total_volume, sum(levels.map((level) => level.volume)), `volume at ${ts}`)
        expectClose(value_area_percent, (volume / total_volume) * 100, `value area at ${ts}`)
      }
    }
  })

  it('effective spread in stretches of a minute', () => {
    const outputs = run<SpreadOutput>('spread', {})
    const dealt = tradesOnQuotes(day)
    expect(dealt.length).toBeGreaterThan(1_000)
    const minutes = Map.groupBy(dealt, ({ now }) => Math.floor(now / MINUTE_US) * MINUTE_US)
    let counted = 0
    for (const { ts, effective } of outputs) {
      const inside = minutes.get(ts) ?? []
      counted += inside.length
      expect(effective.trade_count).toBe(inside.length)
      const volume = sum(inside.map(({ size }) => size))
      if (inside.length === 0) expect(effective.mean).toBeNull()
      else expectClose(effective.mean, sum(inside.map(({ price, mid, size }) => 2 * Math.abs(price - mid) * size)) / volume, `of ${ts}`)
    }
    expect(counted).toBe(dealt.length)
  })

  it('spread in stretches of a minute', () => {
    const outputs = run<SpreadOutput>('spread', {})
    const quotes = quotesOf(day).map(({ st, bp = Number.NaN, ap = Number.NaN }) => ({ st, spread: ap - bp, mid: (ap + bp) / 2 }))
    expect(outputs.length).toBeGreaterThan(100)
    let next = 0
    for (const output of outputs) {
      while ((quotes[next]?.st ?? Number.POSITIVE_INFINITY) < output.ts) next++
      const inside = quotes
        .slice(next)
        .filter((_, i) => i < 5_000)
        .filter(({ st }) => st < output.end || (!output.complete && st === output.end))
      const standing = [quotes[next - 1], ...inside].filter((quote) => quote !== undefined)
      let [time, weighted] = [0, 0]
      for (const [i, { st, spread }] of standing.entries()) {
        const length = Math.min(standing[i + 1]?.st ?? output.end, output.end) - Math.max(st, output.ts)
        if (!(spread >= 0)) continue
        time += length
        weighted += spread * length
      }
      const valid = inside.filter(({ spread }) => spread >= 0)
      expect(output.quote_count).toBe(inside.length)
      expectClose(output.two_sided_seconds, time / 1e6, `time of ${output.ts}`)
      if (time > 0) expectClose(output.quoted.time_weighted, weighted / time, `spread of ${output.ts}`)
      if (valid.length > 0) expectClose(output.quoted.mean, sum(valid.map(({ spread }) => spread)) / valid.length, `mean of ${output.ts}`)
      if (valid.length > 0)
        expectClose(output.quoted_bps.mean, (sum(valid.map(({ spread, mid }) => spread / mid)) / valid.length) * 1e4, 'bps')
      expect(output.crossed_count).toBe(inside.filter(({ spread }) => spread < 0).length)
    }
  })
})

function naiveBar(ts: number, ticks: readonly TickMessage[], of: string) {
  const traded = signedTrades(ticks)
  const quotes = quotesOf(ticks)
  const mids = quotes.flatMap(({ bp, ap }) => (bp === undefined || ap === undefined ? [] : [(bp + ap) / 2]))
  return {
    ts,
    prices: of === 'mid' ? mids : traded.map(({ price }) => price),
    trades: traded.length,
    quotes: quotes.length,
    volume: sum(traded.map(({ size }) => size)),
    turnover: sum(traded.map(({ price, size }) => price * size)),
  }
}

/** From the peak on, level by level, over copies of the list. */
function naiveArea(levels: VolumeProfileOutput['levels'], percent: number) {
  const wanted = (sum(levels.map(({ volume }) => volume)) * percent) / 100
  const most = Math.max(...levels.map(({ volume }) => volume))
  const peak = levels.findIndex(({ volume }) => volume === most)
  let [below, inside, above] = [levels.slice(0, peak), levels.slice(peak, peak + 1), levels.slice(peak + 1)]
  const held = () => sum(inside.map(({ volume }) => volume))
  while (held() < wanted && below.length + above.length > 0) {
    const [down, up] = [below.at(-1), above[0]]
    if (up && up.volume >= (down?.volume ?? -1)) {
      inside = [...inside, up]
      above = above.slice(1)
    } else if (down) {
      inside = [down, ...inside]
      below = below.slice(0, -1)
    }
  }
  return { peak: levels[peak]?.price, low: inside[0]?.price, high: inside.at(-1)?.price, volume: held() }
}

/** Trades with the mid that stood, at the latest `st` seen; those without a two-sided, uncrossed quote are left out. */
function tradesOnQuotes(ticks: readonly TickMessage[]) {
  const dealt: { now: number; price: number; size: number; mid: number }[] = []
  let [now, bid, ask] = [0, Number.NaN, Number.NaN]
  for (const tick of ticks) {
    now = Math.max(now, tick.st)
    if (tick.tt === 'bid_ask') [bid, ask] = [tick.bp ?? Number.NaN, tick.ap ?? Number.NaN]
    if (tick.tt === 'last' && tick.s && ask >= bid) dealt.push({ now, price: tick.p, size: tick.s, mid: (bid + ask) / 2 })
  }
  return dealt
}

function imbalance(before: ReturnType<typeof quotesOf>[number] | undefined, now: ReturnType<typeof quotesOf>[number]): number {
  if (!before) return 0
  const [b0, b1] = [before.bp ?? Number.NEGATIVE_INFINITY, now.bp ?? Number.NEGATIVE_INFINITY]
  const [a0, a1] = [before.ap ?? Number.POSITIVE_INFINITY, now.ap ?? Number.POSITIVE_INFINITY]
  const bid = b1 > b0 ? (now.bs ?? 0) : b1 < b0 ? -(before.bs ?? 0) : (now.bs ?? 0) - (before.bs ?? 0)
  const ask = a1 < a0 ? (now.as ?? 0) : a1 > a0 ? -(before.as ?? 0) : (now.as ?? 0) - (before.as ?? 0)
  return bid - ask
}
