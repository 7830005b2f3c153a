import type { ConnectionEvent } from './transitions.ts'

/** IB's messages about the connection, by what they mean for it. They come with id −1, as notices. */
const MEANING: Readonly<Record<number, ConnectionEvent>> = {
  326: 'idInUse',
  1100: 'cutOff',
  1101: 'backLost',
  1102: 'backKept',
  2110: 'cutOff',
}

/** The event that a notice is; undefined for one that changes nothing (farms, warnings). */
export const meaningOf = (code: number): ConnectionEvent | undefined => MEANING[code]
