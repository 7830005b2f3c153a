import type { StudyOutput, Tick } from '@ib-stream/client'
import { type Side, sideOf } from './aggressor.ts'
import { type DrawnBar, type DrawnTrade, drawnBar } from './bar-builder.ts'
import type { Band } from './price-chart.ts'
import { sideOfQuote } from './quote.ts'
import { MOST_POINTS, type QuotePoint } from './quotes-chart.ts'
import { client } from './session.ts'

/** What a chart is of. */
export interface Asked {
  cid: number
  /** Length of a bar: the API's name of it, and µs. */
  interval: { name: string; us: number }
  of: 'trades' | 'mid'
  trades: 'last' | 'all_last'
}

export interface Span {
  fromUs: number
  /** First moment left out. */
  toUs: number
}

const US_PER_SECOND = 1_000_000
/** The API's own default (docs/reference/studies.md). */
const BOLLINGER_US = 1_200 * US_PER_SECOND
const COLUMNS = 900

export async function loadBars({ cid, interval, of, trades }: Asked, { fromUs, toUs }: Span, signal: AbortSignal): Promise<DrawnBar[]> {
  const bars = await client.bars({ cid, interval: interval.name, of, trades, from: fromUs, to: toUs, signal })
  return bars.map(drawnBar)
}

/** Volume delta of each bar, by its beginning in µs UTC: differences of the cumulative delta at the ends of bars. */
export async function loadDeltas(
  { cid, interval, trades }: Asked,
  { fromUs, toUs }: Span,
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const parameters = { every_seconds: interval.us / US_PER_SECOND, trades }
  const { outputs } = await client.study({ cid, study: 'delta', parameters, from: fromUs, to: toUs, signal })
  const deltas = new Map<number, number>()
  let before = 0
  for (const output of outputs) {
    const { cumulative_delta: now } = output.summary as { cumulative_delta: number }
    const ts = Math.floor(output.ts / interval.us) * interval.us
    deltas.set(ts, (deltas.get(ts) ?? 0) + now - before)
    before = now
  }
  return deltas
}

/** Bands at the ends of bars; what lies before the range, but in the window of its first bars, is read too. */
export async function loadBands({ cid, interval, trades }: Asked, { fromUs, toUs }: Span, signal: AbortSignal): Promise<Band[]> {
  const parameters = { every_seconds: interval.us / US_PER_SECOND, trades, std_dev: 2 }
  const { outputs } = await client.study({ cid, study: 'bollinger', parameters, from: fromUs - BOLLINGER_US, to: toUs, signal })
  return outputs.filter(({ ts }) => ts >= fromUs).map(bandOf)
}

function bandOf(output: StudyOutput): Band {
  const { sma, upper_band: upper, lower_band: lower } = output.bands as { sma: number; upper_band: number; lower_band: number }
  return { ts: output.ts, middle: sma, upper, lower }
}

/** Trades of a range with who crossed the spread. */
export async function loadTrades({ cid, trades }: Asked, { fromUs, toUs }: Span, signal: AbortSignal): Promise<DrawnTrade[]> {
  const { outputs } = await client.study({ cid, study: 'delta', parameters: { trades }, from: fromUs, to: toUs, signal })
  return outputs.map((output) => {
    const { price, size, delta } = output.current_trade as { price: number; size: number; delta: number }
    return { ts: output.ts, price, size, side: Math.sign(delta) as Side }
  })
}

/** Quotes and trades as they came; undefined: there are too many to draw each. */
export async function loadQuotes({ cid, trades }: Asked, { fromUs, toUs }: Span, signal: AbortSignal): Promise<QuotePoint[] | undefined> {
  const asQuote = new QuoteReader()
  const points: QuotePoint[] = []
  for await (const tick of client.history({
    cid,
    tickTypes: ['bid_ask', trades],
    from: fromUs,
    to: toUs,
    limit: MOST_POINTS + 1,
    signal,
  })) {
    const point = asQuote.pointOf(tick)
    if (point) points.push(point)
  }
  return points.length > MOST_POINTS ? undefined : points.sort((a, b) => a.at - b.at)
}

/** The newest quotes and trades. */
export async function loadNewestQuotes({ cid, trades }: Asked, span: Span, signal: AbortSignal): Promise<QuotePoint[]> {
  const asQuote = new QuoteReader()
  const points: QuotePoint[] = []
  const range = { from: span.fromUs, to: span.toUs, last: MOST_POINTS, signal }
  for await (const tick of client.history({ cid, tickTypes: ['bid_ask', trades], ...range })) {
    const point = asQuote.pointOf(tick)
    if (point) points.push(point)
  }
  return points.sort((a, b) => a.at - b.at)
}

/** The mid in as many columns as the panel has. */
export function loadMid(asked: Asked, span: Span, signal: AbortSignal): Promise<DrawnBar[]> {
  const seconds = Math.max(1, Math.ceil((span.toUs - span.fromUs) / US_PER_SECOND / COLUMNS))
  const interval = { name: `${seconds}s`, us: seconds * US_PER_SECOND }
  return loadBars({ ...asked, interval, of: 'mid' }, span, signal)
}

/** Makes points of the quotes panel out of ticks in their order. */
export class QuoteReader {
  #bid: number | undefined
  #ask: number | undefined
  #before: number | undefined

  pointOf(tick: Tick): QuotePoint | undefined {
    const at = ('bf' in tick && tick.bf ? tick.ts : tick.st) / US_PER_SECOND
    if (tick.tt === 'bid_ask') {
      this.#bid = sideOfQuote(tick.bp, tick.bs)
      this.#ask = sideOfQuote(tick.ap, tick.as)
      return { at, bid: this.#bid, ask: this.#ask }
    }
    if (tick.tt === 'mid_point' || (tick.p === 0 && (tick.s ?? 0) === 0)) return undefined
    const side = sideOf(tick.p, { bid: this.#bid, ask: this.#ask, before: this.#before })
    if ((tick.s ?? 0) > 0) this.#before = tick.p
    if (side === 0) return { at, other: tick.p }
    return side > 0 ? { at, buy: tick.p } : { at, sell: tick.p }
  }
}
