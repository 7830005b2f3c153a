import { usFromMs } from '@ib-stream/model'

/** `st` of a recorder event, µs UTC; of one that has none, now. */
export const stampOfEvent = (payload: Uint8Array): number =>
  Number(/"st":(\d{1,16})\b/.exec(Buffer.from(payload).toString('utf8'))?.[1] ?? usFromMs(Date.now()))
