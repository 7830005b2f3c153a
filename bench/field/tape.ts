import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hourOf, isoFromUs, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTicksJson } from '@ib-stream/storage'
import { MOMENTS } from './questions.ts'

/** A day on disk, in the forms that the loaders of the stores take: CSV for the others, v3 lines for us. */
export interface Tape {
  day: string
  /** First and last, UTC, `YYYY-MM-DD`. */
  dates: readonly [string, string]
  cid: number
  trades: TickType & ('last' | 'all_last')
  quotesCsv: string
  tradesCsv: string
  lines: string
  counts: { quotes: number; trades: number }
  /** Seconds of `ts`, from the first to the one after the last, µs. */
  whole: Range
  /** The hour with the most quotes, and a minute of it. */
  hour: Range
  minute: Range
  /** By our stamp, µs. */
  moments: readonly number[]
}

export interface Range {
  startUs: number
  endUs: number
}

export const QUOTE_COLUMNS = ['cid', 'time', 'received', 'bid_price', 'bid_size', 'ask_price', 'ask_size'] as const
export const TRADE_COLUMNS = ['cid', 'time', 'received', 'price', 'size', 'exchange', 'conditions'] as const

const MINUTE_US = 60 * US_PER_SECOND
const AT_ONCE = 20_000

/** @param ticks in order of arrival, each call anew */
export async function writeTape(folder: string, day: string, ticks: () => Iterable<TickMessage>): Promise<Tape> {
  await mkdir(folder)
  const paths = { quotesCsv: join(folder, 'quotes.csv'), tradesCsv: join(folder, 'trades.csv'), lines: join(folder, 'ticks.jsonl') }
  const [quotes, trades, lines] = [paths.quotesCsv, paths.tradesCsv, paths.lines].map((path) => createWriteStream(path)) as [
    WriteStream,
    WriteStream,
    WriteStream,
  ]
  quotes.write(`${QUOTE_COLUMNS.join()}\n`)
  trades.write(`${TRADE_COLUMNS.join()}\n`)
  const counts = { quotes: 0, trades: 0 }
  const byHour = new Map<number, number>()
  let [first, last]: (TickMessage | undefined)[] = []
  let tradeType: Tape['trades'] = 'last'
  for (const piece of piecesOf(ticks(), AT_ONCE)) {
    first ??= piece[0]
    last = piece.at(-1)
    await written(lines, encodeTicksJson(piece))
    await written(quotes, piece.map(quoteLine).join(''))
    await written(trades, piece.map(tradeLine).join(''))
    for (const { tt, ts } of piece) {
      if (tt === 'bid_ask') byHour.set(hourOf(ts), (byHour.get(hourOf(ts)) ?? 0) + 1)
      else if (tt === 'last' || tt === 'all_last') tradeType = tt
      counts[tt === 'bid_ask' ? 'quotes' : 'trades']++
    }
  }
  await Promise.all([quotes, trades, lines].map((stream) => once(stream.end(), 'close')))
  if (first === undefined || last === undefined) throw new Error(`${day}: no ticks`)
  const [hourUs = 0] = [...byHour].toSorted(([, a], [, b]) => b - a)[0] ?? []
  const whole = { startUs: first.ts, endUs: last.ts + US_PER_SECOND }
  const moments = Array.from({ length: MOMENTS }, (_, n) =>
    Math.floor(whole.startUs + ((n + 1) / (MOMENTS + 1)) * (whole.endUs - whole.startUs)),
  )
  const hour = { startUs: hourUs, endUs: hourUs + US_PER_HOUR }
  const middle = Math.floor((Math.max(hourUs, whole.startUs) + Math.min(hour.endUs, whole.endUs)) / 2 / MINUTE_US) * MINUTE_US
  return {
    ...{ day, dates: [dateOf(first.ts), dateOf(last.ts)], cid: first.cid, trades: tradeType, ...paths, counts },
    ...{ whole, hour, minute: { startUs: middle, endUs: middle + MINUTE_US }, moments },
  }
}

const dateOf = (us: number): string => isoFromUs(us).slice(0, 10)

function* piecesOf(ticks: Iterable<TickMessage>, most: number): Generator<TickMessage[]> {
  let piece: TickMessage[] = []
  for (const tick of ticks) {
    if (piece.push(tick) < most) continue
    yield piece
    piece = []
  }
  if (piece.length > 0) yield piece
}

async function written(stream: WriteStream, bytes: Uint8Array | string): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}

const quoteLine = (tick: TickMessage): string =>
  tick.tt === 'bid_ask' ? `${tick.cid},${tick.ts},${tick.st},${tick.bp},${tick.bs},${tick.ap},${tick.as}\n` : ''

const tradeLine = (tick: TickMessage): string =>
  tick.tt === 'last' || tick.tt === 'all_last'
    ? `${tick.cid},${tick.ts},${tick.st},${tick.p},${tick.s},${tick.ex ?? ''},${tick.sc ?? ''}\n`
    : ''
