import { usFromMs } from '@ib-stream/model'

const ST = /"st":(\d{1,16})\b/
const NEWLINE = 0x0a

/** `st` of a recorder event, µs UTC; of one that has none, or none that can be, now. */
export const stampOfEvent = (payload: Uint8Array): number => stampIn(payload) ?? usFromMs(Date.now())

/** `st` of a recorder event, µs UTC; undefined where it has none, or none that can be. */
export function stampIn(payload: Uint8Array): number | undefined {
  const st = Number(ST.exec(Buffer.from(payload).toString('utf8'))?.[1] ?? Number.NaN)
  return Number.isSafeInteger(st) ? st : undefined
}

/** As it stands in its file: whatever somebody else published keeps to a line of its own. */
export const lineOfEvent = (payload: Uint8Array): Uint8Array =>
  payload.length === 0 || payload.at(-1) === NEWLINE ? payload : Buffer.concat([payload, Buffer.of(NEWLINE)])
