import { decodeRecordProto, viewOf } from '../codec/proto.ts'
import { StorageError } from '../errors.ts'
import { type Turned, V3 } from './turned.ts'
import { turnV2Proto } from './v2-proto.ts'

/** A way of putting messages one after the other. */
export interface Framing {
  /** What each message begins with: the tag of its first field. */
  firstByte: number
  /** Bounds of the message whose length begins at `at`; `end` may lie beyond the bytes. `cut`: the length itself is not whole; undefined: no such length. */
  bounds(bytes: Uint8Array, at: number): { start: number; end: number } | 'cut' | undefined
  turn(message: Uint8Array): Turned
}

/** No message of any form comes near it; a larger length is none. */
export const MAX_MESSAGE_BYTES = 64 * 1024

const MAX_VARINT_BYTES = 3

const TS_TAG = 0x08
const TYPE_TAG = 0x0a

/** As this system writes: protobuf's own delimited framing. */
const varint: Framing = {
  firstByte: TS_TAG,
  bounds(bytes, at) {
    for (let i = at; i < at + MAX_VARINT_BYTES; i++) {
      const byte = bytes[i]
      if (byte === undefined) return 'cut'
      if (byte < 0x80) return sane(i + 1, lengthOf(bytes, at, i))
    }
    return undefined
  },
  turn: turnV3Message,
}

function lengthOf(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  for (let i = to; i >= from; i--) length = length * 0x80 + ((bytes[i] ?? 0) & 0x7f)
  return length
}

/** The older v3 recordings: four bytes, the highest first. */
const fourBigEndian: Framing = {
  firstByte: TS_TAG,
  bounds: (bytes, at) => (at + 4 > bytes.length ? 'cut' : sane(at + 4, viewOf(bytes).getUint32(at, false))),
  turn: turnV3Message,
}

/** The verbose recordings: four bytes, the lowest first. */
const fourLittleEndian: Framing = {
  firstByte: TYPE_TAG,
  bounds: (bytes, at) => (at + 4 > bytes.length ? 'cut' : sane(at + 4, viewOf(bytes).getUint32(at, true))),
  turn: turnV2Proto,
}

export const FRAMINGS: readonly Framing[] = [varint, fourBigEndian, fourLittleEndian]

function sane(start: number, length: number): { start: number; end: number } | undefined {
  return length > 0 && length <= MAX_MESSAGE_BYTES ? { start, end: start + length } : undefined
}

function turnV3Message(message: Uint8Array): Turned {
  try {
    return { tick: decodeRecordProto(message, viewOf(message), 0, message.length), form: V3 }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    const { field, value, rule } = error.facts
    if (field === '-') return { fault: `${message.length} bytes are no message`, broken: true }
    return { fault: `field ${field} is ${JSON.stringify(value)}; the rule is: ${rule}` }
  }
}

/** A whole message at a place, and where it ends; undefined where there is none that says something. */
export function messageAt(framing: Framing, bytes: Uint8Array, at: number): { turned: Turned; end: number } | undefined {
  const bounds = framing.bounds(bytes, at)
  if (typeof bounds !== 'object' || bounds.end > bytes.length || bytes[bounds.start] !== framing.firstByte) return undefined
  const turned = framing.turn(bytes.subarray(bounds.start, bounds.end))
  if ('broken' in turned) return undefined
  // a record that lost its end takes the beginning of the next one for it, and may even decode: then the next one stands inside of it
  return isFollowed(framing, bytes, bounds.end) || !hasMessageInside(framing, bytes, at + 1, bounds.end)
    ? { turned, end: bounds.end }
    : undefined
}

/** Whether the bytes end here, or go on as a message begins. */
function isFollowed(framing: Framing, bytes: Uint8Array, at: number): boolean {
  if (at === bytes.length) return true
  const bounds = framing.bounds(bytes, at)
  return bounds === 'cut' || (bounds !== undefined && (bounds.start >= bytes.length || bytes[bounds.start] === framing.firstByte))
}

function hasMessageInside(framing: Framing, bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const bounds = framing.bounds(bytes, at)
    if (typeof bounds !== 'object' || bounds.end > bytes.length || bytes[bounds.start] !== framing.firstByte) continue
    if (isFollowed(framing, bytes, bounds.end) && !('broken' in framing.turn(bytes.subarray(bounds.start, bounds.end)))) return true
  }
  return false
}

/** Where the first message stands, from `from` on; −1 where there is none. */
export function findMessage(framing: Framing, bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) if (messageAt(framing, bytes, at)) return at
  return -1
}

/** The framing whose first good message, followed by another or by the end, stands earliest in the beginning of a file; undefined where there is none in any. */
export function framingOf(beginning: Uint8Array): Framing | undefined {
  let best: Framing | undefined
  let bestAt = beginning.length
  for (const framing of FRAMINGS) {
    for (let at = 0; at < bestAt; at++) {
      const end = messageAt(framing, beginning, at)?.end
      if (end === undefined || !isFollowed(framing, beginning, end)) continue
      best = framing
      bestAt = at
    }
  }
  return best
}
