import { hash31, hourOf, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '../../src/codec/json.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'

export interface LogMessage {
  seq: number
  newestStUs: number
  parts: readonly { path: string; bytes: Uint8Array }[]
}

const START_US = hourOf(1753884000_000000)

/** Message `seq` of a log that every process makes the same: one line or some, now and then late ones, an hour every 20 messages. All in partition 9. */
export function messageAt(seq: number): LogMessage {
  const newestStUs = START_US + seq * (US_PER_HOUR / 20) + 42
  const lines = 1 + (seq % 3)
  const parts = Array.from({ length: lines }, (_, line) => {
    const lateUs = seq % 7 === 3 && line === 0 ? 5 * US_PER_HOUR : line * 7 * US_PER_SECOND
    const tick = tickOf(seq + line, newestStUs - lateUs, newestStUs + line)
    return {
      path: segmentPath({ backend: 'json', cid: 8314, tt: tick.tt, hourUs: hourOf(tick.ts) }),
      bytes: Buffer.from(`${encodeTickJson(tick)}\n`),
    }
  })
  return { seq, newestStUs, parts }
}

function tickOf(n: number, ts: number, st: number): TickMessage {
  const core = { ts, st, cid: 8314, rid: hash31(8314, n % 2 ? 'last' : 'bid_ask') }
  return n % 2
    ? { ...core, tt: 'last', p: (n * 13) / 4, s: n % 3, ex: 'X'.repeat(n % 5) }
    : { ...core, tt: 'bid_ask', bp: n, bs: 1, ap: n + 0.25, as: 2 }
}

/** What the files must hold after message `seq`. */
export function filesAt(seq: number): Map<string, string> {
  const files = new Map<string, string>()
  for (let n = 1; n <= seq; n++)
    for (const { path, bytes } of messageAt(n).parts) files.set(path, `${files.get(path) ?? ''}${Buffer.from(bytes)}`)
  return files
}
