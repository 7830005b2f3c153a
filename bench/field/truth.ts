import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { type Answer, LAST, type Question } from './questions.ts'
import { RowSum } from './row-sum.ts'
import type { Range, Tape } from './tape.ts'

const MINUTE_US = 60 * US_PER_SECOND

interface Quote {
  ts: number
  st: number
  bp: number
  bs: number
  ap: number
  as: number
}

/** The right answers, by one walk over the ticks in order of arrival. */
export function truthOf(tape: Tape, ticks: Iterable<TickMessage>): Record<Question, Answer> {
  const [minute, hour, replay] = [new RowSum(), new RowSum(), new RowSum()]
  const scan = { count: 0, most: Number.NEGATIVE_INFINITY, spread: 0, size: 0 }
  const joined = { trades: 0, quoted: 0, cost: 0 }
  const bars: Bar[] = []
  const newest: Quote[] = []
  const asOf: number[] = []
  let standing: Quote | undefined
  for (const tick of ticks) {
    for (let atUs = tape.moments[asOf.length / 3]; atUs !== undefined && tick.st > atUs; atUs = tape.moments[asOf.length / 3])
      asOf.push(...moment(standing))
    if (tick.tt === 'bid_ask') {
      const quote = tick as Quote
      standing = quote
      const row = [tick.st, quote.bp, quote.bs, quote.ap, quote.as] as const
      if (isIn(tape.minute, tick.ts)) minute.add(...row)
      if (isIn(tape.hour, tick.ts)) hour.add(...row)
      replay.add(...row)
      scan.count++
      scan.most = Math.max(scan.most, quote.bp)
      scan.spread += quote.ap - quote.bp
      scan.size += quote.bs + quote.as
      addToBars(bars, tick.ts, (quote.bp + quote.ap) / 2)
      newest.push(quote)
      if (newest.length > 2 * LAST) newest.splice(0, LAST)
    } else if (tick.tt === 'last' || tick.tt === 'all_last') {
      replay.add(tick.st, tick.p, tick.s ?? 0)
      joined.trades++
      if (standing === undefined) continue
      joined.quoted++
      joined.cost += costOf(tick.p, tick.s ?? 0, standing.bp, standing.ap)
    }
  }
  while (asOf.length < 3 * tape.moments.length) asOf.push(...moment(standing))
  const last = new RowSum()
  for (const { st, bp, bs, ap, as } of newest.slice(-LAST)) last.add(st, bp, bs, ap, as)
  return {
    ...{ minute: minute.answer, hour: hour.answer, replay: replay.answer, last: last.answer, asOf },
    scan: [scan.count, scan.most, scan.spread, scan.size],
    bars: barsAnswer(bars),
    join: [joined.trades, joined.quoted, joined.cost],
  }
}

/** How far a trade was from the mid, times its size: what is summed up over the trades of a day. */
export const costOf = (price: number, size: number, bid: number, ask: number): number => Math.abs(price - (bid + ask) / 2) * size

const moment = (quote: Quote | undefined): Answer => (quote === undefined ? [0, 0, 0] : [quote.st, quote.bp, quote.ap])

const isIn = ({ startUs, endUs }: Range, us: number): boolean => us >= startUs && us < endUs

export interface Bar {
  /** Of the minute, µs. */
  minute: number
  open: number
  high: number
  low: number
  close: number
  count: number
}

export function barsAnswer(bars: Iterable<Bar>): Answer {
  const rows = new RowSum()
  let count = 0
  for (const { minute, open, high, low, close, ...bar } of bars) {
    rows.add(minute, 2 * open, bar.count, 2 * high) // mids are halves of hundredths
    rows.add(minute, 2 * low, 0, 2 * close)
    count += bar.count
  }
  return [...rows.answer, count]
}

function addToBars(bars: Bar[], ts: number, mid: number): void {
  const minute = Math.floor(ts / MINUTE_US) * MINUTE_US
  const bar = bars.at(-1)
  if (bar?.minute !== minute) return void bars.push({ minute, open: mid, high: mid, low: mid, close: mid, count: 1 })
  bar.high = Math.max(bar.high, mid)
  bar.low = Math.min(bar.low, mid)
  bar.close = mid
  bar.count++
}
