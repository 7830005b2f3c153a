import { US_PER_SECOND } from '@ib-stream/model'
import type { Turned, TurnOptions } from './turned.ts'
import { partsOfStreamId, tickOfV2, V2_JSON } from './v2-tick.ts'
import { parseV2Time, usFromUnixTime, type V2Time, zonedBeside, zonedIn } from './v2-time.ts'

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** True for the verbose, nested form: an envelope with `type` around `data`. */
export const isV2 = (value: Fields): boolean => typeof value.type === 'string' && ('data' in value || 'stream_id' in value)

/**
 * One message of the verbose form, printed or really written. `st` is the message's own time; `ts` is `unix_time` in s, ms or µs, else the time in the data
 * (local without zone: the zone is found beside `st`), else the second of `st`.
 */
export function turnV2Json(message: Fields, { zone }: TurnOptions): Turned {
  if (message.type !== 'tick') return { other: `message of type ${String(message.type).slice(0, 40)}` }
  const data = isFields(message.data) ? message.data : {}
  const metadata = isFields(message.metadata) ? message.metadata : {}
  const stream = partsOfStreamId(message.stream_id)
  const unixUs = usFromUnixTime(data.unix_time)
  const st = receiveTime(message.timestamp, unixUs, zone)
  if (typeof st === 'string') return { fault: st }
  return tickOfV2({
    form: V2_JSON,
    ts: unixUs ?? dataTime(parseV2Time(data.timestamp), st),
    st,
    cids: [data.contract_id, metadata.contract_id, stream.cid],
    tts: [metadata.tick_type, data.tick_type, stream.tt, data.type],
    requestId: metadata.request_id ?? data.request_id,
    fields: {
      p: data.price,
      s: data.size,
      bp: data.bid_price,
      bs: data.bid_size,
      ap: data.ask_price,
      as: data.ask_size,
      mp: data.midpoint ?? data.mid_point ?? data.mid_price,
      ex: data.exchange,
      sc: conditions(data.conditions ?? data.special_conditions),
      bpl: data.bid_past_low,
      aph: data.ask_past_high,
      upt: data.unreported,
      pl: data.past_limit,
    },
  })
}

/** The message's own time, or why there is none. */
function receiveTime(text: unknown, unixUs: number | undefined, zone: string | undefined): number | string {
  const time = parseV2Time(text)
  if (time === undefined) return `timestamp ${JSON.stringify(text)?.slice(0, 60)} is no time`
  if (time.zoned) return time.us
  if (unixUs !== undefined) return zonedBeside(time.us, unixUs)
  return zone === undefined ? `timestamp ${JSON.stringify(text)} says no zone; name it (--zone America/Chicago)` : zonedIn(time.us, zone)
}

function dataTime(time: V2Time | undefined, st: number): number {
  if (time === undefined) return Math.floor(st / US_PER_SECOND) * US_PER_SECOND
  return time.zoned ? time.us : zonedBeside(time.us, st)
}

const conditions = (value: unknown): unknown => (Array.isArray(value) ? value.join('') : value)
