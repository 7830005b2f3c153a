import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hourOf, isoFromUs, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickProtoGeneric, TickMessageType } from '../../src/codec/proto-generic.ts'
import { V2Message } from '../../src/import/v2-proto.ts'

/** Ticks as the older recorders wrote them: every function gives the bytes of one record. */

/** Python prints whole floats with `.0`. */
const float = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : Number.isInteger(value) ? `${value}.0` : String(value)

/** A line of an older v3 recording: the same keys, numbers as Python prints them, without exchange and conditions. */
export function olderV3Line(tick: TickMessage): string {
  const { ts, st, cid, tt, rid, ...rest } = tick
  const values = Object.entries(rest).filter(([key]) => !['ex', 'sc', 'pl'].includes(key))
  const more = values.map(([key, value]) => `,"${key}":${typeof value === 'number' ? float(value) : value}`)
  return `{"ts":${ts},"st":${st},"cid":${cid},"tt":"${tt}","rid":${rid}${more.join('')}}\n`
}

/** A message of an older v3 recording: flags that are false are written, the length is four bytes, the highest first. */
export function olderV3Message(tick: TickMessage): Uint8Array {
  const flags = tick.tt === 'bid_ask' ? { bpl: false, aph: false } : tick.tt === 'mid_point' ? {} : { upt: false }
  const bytes = TickMessageType.encode(TickMessageType.create({ ...flags, ...tick })).finish()
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}

/** A message as this system writes it. */
export const v3Message = (tick: TickMessage): Uint8Array => encodeTickProtoGeneric(tick)

/** The data of a tick under the names of the verbose form; `more` is put in front, `undefined` takes a name out. */
function verboseData(tick: TickMessage): Record<string, string | undefined> {
  switch (tick.tt) {
    case 'bid_ask':
      return {
        type: '"bid_ask"',
        bid_price: float(tick.bp),
        ask_price: float(tick.ap),
        bid_size: float(tick.bs),
        ask_size: float(tick.as),
        bid_past_low: String(tick.bpl === true),
        ask_past_high: String(tick.aph === true),
      }
    case 'mid_point':
      return { type: '"midpoint"', midpoint: float(tick.mp) }
    default:
      return {
        type: '"time_sales"',
        price: float(tick.p),
        size: float(tick.s),
        exchange: JSON.stringify(tick.ex ?? ''),
        conditions: JSON.stringify(tick.sc ?? ''),
        past_limit: String(tick.pl === true),
        unreported: String(tick.upt === true),
      }
  }
}

/** Compact JSON of texts that are JSON already. */
const json = (fields: Record<string, string | undefined>): string =>
  `{${Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `"${key}":${value}`)
    .join(',')}}`

const PASCAL = { last: '"Last"', all_last: '"AllLast"', bid_ask: undefined, mid_point: undefined }

/** The verbose line as its specification printed it: ids in the data, ms in the time, `unix_time` in µs. */
export function printedV2Line(tick: TickMessage, data: Record<string, string | undefined> = {}): string {
  const { cid, tt, ts, st, rid } = tick
  return `${json({
    type: '"tick"',
    stream_id: `"${cid}_${tt}_${Math.floor(st / 1_000)}_8114"`,
    timestamp: `"${isoFromUs(st).slice(0, 23)}Z"`,
    data: json({
      contract_id: String(cid),
      tick_type: `"${tt}"`,
      ...verboseData(tick),
      timestamp: `"${isoFromUs(ts).slice(0, 19).replace('T', ' ')} UTC"`,
      unix_time: String(ts),
      ...data,
    }),
    metadata: json({ source: '"stream_manager"', request_id: `"${rid}"`, contract_id: `"${cid}"`, tick_type: `"${tt}"` }),
  })}\n`
}

const CHICAGO_US = -5 * 3_600 * US_PER_SECOND // summer

/** The verbose line as it was really written: no ids in the data, µs and offset in the time, a local time, `unix_time` in seconds. */
export function writtenV2Line(tick: TickMessage, data: Record<string, string | undefined> = {}): string {
  const { cid, tt, ts, st, rid } = tick
  return `${json({
    type: '"tick"',
    stream_id: `"bg_${cid}_${tt}"`,
    timestamp: `"${isoFromUs(st).slice(0, -1)}+00:00"`,
    data: json({
      ...verboseData(tick),
      tick_type: PASCAL[tt],
      timestamp: `"${isoFromUs(ts + CHICAGO_US)
        .slice(0, 19)
        .replace('T', ' ')}"`,
      unix_time: String(ts / US_PER_SECOND),
      ...data,
    }),
    metadata: json({ source: '"background"', request_id: `"${rid}"`, contract_id: `"${cid}"`, tick_type: `"${tt}"` }),
  })}\n`
}

/** The verbose message: length in four bytes, the lowest first; a live recording has contract id 0 and no type in the tick. */
export function v2Message(tick: TickMessage, { live = true } = {}): Uint8Array {
  const { cid, tt, st, rid } = tick
  const named = live ? { contract_id: 0 } : { contract_id: cid, tick_type: tt }
  const body =
    tick.tt === 'bid_ask'
      ? {
          bid_price: tick.bp,
          bid_size: tick.bs,
          ask_price: tick.ap,
          ask_size: tick.as,
          bid_past_low: tick.bpl === true,
          ask_past_high: tick.aph === true,
        }
      : tick.tt === 'mid_point'
        ? { mid_price: tick.mp }
        : {
            price: tick.p,
            size: tick.s,
            exchange: tick.ex ?? '',
            conditions: [...(tick.sc ?? '')],
            past_limit: tick.pl === true,
            unreported: tick.upt === true,
          }
  const set = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
  return littleEndian({
    type: 'tick',
    stream_id: `bg_${cid}_${tt}`,
    timestamp: { seconds: Math.floor(st / US_PER_SECOND), nanos: (st % US_PER_SECOND) * 1_000 },
    tick: { ...named, ...set },
    metadata: { source: 'background', request_id: String(rid), contract_id: String(cid), tick_type: tt },
  })
}

/** Any verbose message behind its length. */
export function littleEndian(message: object): Uint8Array {
  const bytes = V2Message.encode(V2Message.create(message)).finish()
  const head = Buffer.alloc(4)
  head.writeUInt32LE(bytes.length)
  return Buffer.concat([head, bytes])
}

/** Writes a file and its folders. */
export async function writeSource(path: string, parts: readonly (string | Uint8Array)[]): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))))
  return path
}

/** `<tree>/2025/07/30/14` of a time. */
export const hourFolder = (tree: string, us: number): string => join(tree, isoFromUs(hourOf(us)).slice(0, 13).replace(/[-T]/g, '/'))
