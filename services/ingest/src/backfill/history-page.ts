import { type TickMessage, type TickType, usFromSeconds } from '@ib-stream/model'
import { numberIn, sizeIn } from '../decode-tick.ts'

/** What IB is asked for to fill a tick type: its history knows trades, not `last` and `all_last`. */
export type HistoryKind = 'TRADES' | 'BID_ASK' | 'MIDPOINT'

export const HISTORY_KINDS: Record<TickType, HistoryKind> = {
  bid_ask: 'BID_ASK',
  last: 'TRADES',
  all_last: 'TRADES',
  mid_point: 'MIDPOINT',
}

/** Most ticks that IB gives for one request; the rest of the last second comes with them. */
export const PAGE_TICKS = 1_000

/** A tick of the past without our stamp, which it gets when it is published. */
export type PastTick = Omit<TickMessage, 'st'>

/** Ids of the messages that carry historical ticks. */
export const HISTORY_MESSAGES: ReadonlySet<string> = new Set(['96', '97', '98'])

/**
 * The ticks of a message 96, 97 or 98, from the text that IB sent: id, reqId, count, then each tick, then `done`. The masks of 97 are not those of the live
 * message 99: bit 0 is askPastHigh, bit 1 bidPastLow (the client library reads both alike, and so swaps them here).
 * @returns ascending as IB sends them; undefined where the frame has another number of fields than its count says
 */
export function decodeHistory(fields: readonly string[], stream: { cid: number; tt: TickType; rid: number }): PastTick[] | undefined {
  const width = WIDTHS[HISTORY_KINDS[stream.tt]]
  const count = Number(fields[2])
  if (fields[0] !== MESSAGE_IDS[HISTORY_KINDS[stream.tt]] || fields.length !== HEAD_FIELDS + count * width + 1) return undefined
  return Array.from({ length: count }, (_, i) => pastTick(fields.slice(HEAD_FIELDS + i * width, HEAD_FIELDS + (i + 1) * width), stream))
}

const HEAD_FIELDS = 3
const WIDTHS: Record<HistoryKind, number> = { MIDPOINT: 4, BID_ASK: 6, TRADES: 6 }
const MESSAGE_IDS: Record<HistoryKind, string> = { MIDPOINT: '96', BID_ASK: '97', TRADES: '98' }

function pastTick([time = '', ...rest]: readonly string[], { cid, tt, rid }: { cid: number; tt: TickType; rid: number }): PastTick {
  const core = { ts: usFromSeconds(Number(time)), cid, rid, bf: true }
  const [mask = '0', a, b, c, d] = rest
  const has = (bit: number) => (Number(mask) & bit) !== 0
  switch (tt) {
    case 'bid_ask':
      return past({ ...core, tt, bp: numberIn(a), bs: sizeIn(c), ap: numberIn(b), as: sizeIn(d), bpl: has(2), aph: has(1) })
    case 'mid_point':
      return past({ ...core, tt, mp: numberIn(a) })
    default:
      return past({ ...core, tt, p: numberIn(a), s: sizeIn(b), ex: c || undefined, sc: d || undefined, upt: has(2), pl: has(1) })
  }
}

/** Without what is undefined or false, as the format has it. */
const past = (fields: object): PastTick =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== false)) as unknown as PastTick
