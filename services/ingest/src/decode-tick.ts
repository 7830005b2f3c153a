import {
  type BidAskTick,
  checkTick,
  type MidPointTick,
  type TickFault,
  type TickMessage,
  type TickType,
  type TradeTick,
  usFromSeconds,
} from '@ib-stream/model'

/** Id of the message in IB's protocol that carries one tick. */
export const TICK_BY_TICK = '99'

/** What a subscription's frames become. */
export interface TickStream {
  cid: number
  tt: TickType
  /** Request id under which it was asked for. */
  rid: number
}

export type DecodedTick = { tick: TickMessage } | { fault: TickFault }

/**
 * The fields of one tick-by-tick frame, as IB's text has them, to a tick. Read from the text because the client library turns an empty price into 0.
 * Frame: 99, reqId, kind, time (s), then for trades price, size, mask, exchange, conditions; for quotes bid, ask, bid size, ask size, mask; or the mid point.
 * @param st our stamp of the socket read, µs UTC
 */
export function decodeTick(fields: readonly string[], stream: TickStream, st: number): DecodedTick {
  const [, , kind, time = ''] = fields
  const core = { ts: usFromSeconds(Number(time)), st, cid: stream.cid, tt: stream.tt, rid: stream.rid }
  const tick = decoders[stream.tt](core, fields)
  if (kind !== KINDS[stream.tt])
    return { fault: { field: 'tt', value: kind, rule: `a ${stream.tt} subscription gets kind ${KINDS[stream.tt]}` } }
  const check = checkTick(tick)
  return check.ok ? { tick: check.tick } : { fault: check.fault }
}

const KINDS: Record<TickType, string> = { last: '1', all_last: '2', bid_ask: '3', mid_point: '4' }

type Core = Pick<TickMessage, 'ts' | 'st' | 'cid' | 'rid'> & { tt: TickType }
type Loose<T> = { [Key in keyof T]?: T[Key] | undefined }

const decoders: Record<TickType, (core: Core, fields: readonly string[]) => object> = {
  bid_ask: quote,
  last: trade,
  all_last: trade,
  mid_point: (core, fields): Loose<MidPointTick> => ({ ...core, tt: 'mid_point', mp: numberIn(fields[4]) }),
}

function quote(core: Core, fields: readonly string[]): Loose<BidAskTick> {
  const mask = Number(fields[8] ?? 0)
  return {
    ...core,
    tt: 'bid_ask',
    bp: numberIn(fields[4]),
    bs: sizeIn(fields[6]),
    ap: numberIn(fields[5]),
    as: sizeIn(fields[7]),
    bpl: flag(mask, 1),
    aph: flag(mask, 2),
  }
}

function trade(core: Core, fields: readonly string[]): Loose<TradeTick> {
  const mask = Number(fields[6] ?? 0)
  return {
    ...core,
    tt: core.tt as TradeTick['tt'],
    p: numberIn(fields[4]),
    s: sizeIn(fields[5]),
    ex: fields[7] || undefined,
    sc: fields[8] || undefined,
    upt: flag(mask, 2),
    pl: flag(mask, 1),
  }
}

const flag = (mask: number, bit: number): true | undefined => ((mask & bit) !== 0 ? true : undefined)

/** With an empty field IB's way to say "no value" of any number. */
const UNSET = Number.MAX_VALUE
/** What its own clients read as "no value" of a size beside that: the largest int and the ends of a long, from before sizes were decimals. */
const UNSET_SIZES: ReadonlySet<number> = new Set([2 ** 31 - 1, 2 ** 63, -(2 ** 63)])

/** The number in a field; undefined where IB says that there is none. */
export function numberIn(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const value = Number(text.replaceAll(',', ''))
  return value === UNSET ? undefined : value
}

/** The size in a field; undefined where IB says that there is none. */
export function sizeIn(text: string | undefined): number | undefined {
  const value = numberIn(text)
  return value !== undefined && UNSET_SIZES.has(value) ? undefined : value
}
