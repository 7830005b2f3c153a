// Parquet's hybrid of run lengths and packed bits, as far as we write it: one run of equal values, or one of values packed at whole bytes or single bits.
import { pushVarint } from './thrift-compact.ts'

const BITS_OF_BYTE = 8

/** Bits of rows, one each: a single run where all are equal. */
export function encodeBits(bits: Uint8Array): Uint8Array {
  const head: number[] = []
  const [first = 0] = bits
  if (bits.every((bit) => bit === first)) {
    pushVarint(head, bits.length * 2)
    head.push(first)
    return Uint8Array.from(head)
  }
  const groups = Math.ceil(bits.length / BITS_OF_BYTE)
  pushVarint(head, groups * 2 + 1)
  const bytes = new Uint8Array(head.length + groups)
  bytes.set(head)
  for (let i = 0; i < bits.length; i++)
    if (bits[i]) bytes[head.length + (i >> 3)] = (bytes[head.length + (i >> 3)] as number) | (1 << (i & 7))
  return bytes
}

/** @throws RangeError for bytes that are none */
export function decodeBits(bytes: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count)
  for (let run = runAt(bytes, 0), done = 0; done < count; run = runAt(bytes, run.end)) {
    if (run.packed) {
      const length = Math.min(run.length * BITS_OF_BYTE, count - done)
      for (let i = 0; i < length; i++) out[done + i] = ((bytes[run.start + (i >> 3)] as number) >> (i & 7)) & 1
      run.end = run.start + run.length
      done += length
    } else {
      out.fill(bytes[run.start] as number, done, done + run.length)
      run.end = run.start + 1
      done += run.length
    }
    if (run.end > bytes.length) throw new RangeError('rle: ends inside a run')
    if (done >= count) break
  }
  return out
}

function runAt(bytes: Uint8Array, start: number): { packed: boolean; length: number; start: number; end: number } {
  let header = 0
  let at = start
  for (let unit = 1; ; unit *= 0x80) {
    const byte = bytes[at++]
    if (byte === undefined || unit > 2 ** 42) throw new RangeError('rle: ends inside a run')
    header += (byte & 0x7f) * unit
    if (byte < 0x80) break
  }
  const length = Math.floor(header / 2)
  if (length === 0) throw new RangeError('rle: a run without values')
  return { packed: header % 2 === 1, length, start: at, end: at }
}

/** Places in a dictionary, packed at whole bytes so that zstd sees them; behind the byte that says their width. One place alone is a run of itself. */
export function encodePlaces(places: Uint32Array, distinct: number): Uint8Array {
  const head: number[] = []
  if (distinct <= 1) {
    head.push(1)
    pushVarint(head, places.length * 2)
    head.push(0)
    return Uint8Array.from(head)
  }
  const width = distinct <= 256 ? 1 : distinct <= 65_536 ? 2 : 4
  const groups = Math.ceil(places.length / BITS_OF_BYTE)
  head.push(width * BITS_OF_BYTE)
  pushVarint(head, groups * 2 + 1)
  const bytes = new Uint8Array(head.length + groups * BITS_OF_BYTE * width)
  bytes.set(head)
  let at = head.length
  for (let place of places) {
    for (let byte = 0; byte < width; byte++, place >>>= BITS_OF_BYTE) bytes[at++] = place & 255
  }
  return bytes
}

/** @throws RangeError for bytes that are none, or of another width than we write */
export function decodePlaces(bytes: Uint8Array, count: number, distinct: number): Uint32Array {
  const out = new Uint32Array(count)
  if (count === 0) return out
  const bits = bytes[0] as number
  const run = runAt(bytes, 1)
  if (bits === 1 && !run.packed && run.length === count && bytes[run.start] === 0) return out
  const width = bits / BITS_OF_BYTE
  if (
    !run.packed ||
    ![1, 2, 4].includes(width) ||
    run.length * BITS_OF_BYTE < count ||
    run.start + run.length * BITS_OF_BYTE * width > bytes.length
  )
    throw new RangeError(`dictionary: ${bits} bits a place`)
  let at = run.start
  for (let i = 0; i < count; i++) {
    let place = bytes[at++] as number
    for (let byte = 1; byte < width; byte++) place += (bytes[at++] as number) * 256 ** byte
    if (place >= distinct) throw new RangeError(`dictionary: place ${place} of ${distinct}`)
    out[i] = place
  }
  return out
}
