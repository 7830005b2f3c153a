import { hourOf, TICK_TYPES, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
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
    const hourUs = hourOf(newestStUs - lateUs)
    const tt = TICK_TYPES[(seq + line) % 2] ?? 'last'
    return {
      path: segmentPath({ backend: 'json', cid: 8314, tt, hourUs }),
      bytes: Buffer.from(`${seq}.${line} ${'x'.repeat((seq * 13) % 40)}\n`),
    }
  })
  return { seq, newestStUs, parts }
}

/** What the files must hold after message `seq`. */
export function filesAt(seq: number): Map<string, string> {
  const files = new Map<string, string>()
  for (let n = 1; n <= seq; n++)
    for (const { path, bytes } of messageAt(n).parts) files.set(path, `${files.get(path) ?? ''}${Buffer.from(bytes)}`)
  return files
}
