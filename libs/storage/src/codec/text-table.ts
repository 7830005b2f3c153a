// Exchange names and conditions: some dozen different texts a day, in millions of ticks. One string for each is kept, so that none is made for each tick.
const SLOTS = 1024
const LONGEST_BYTES = 24

interface Known {
  bytes: Uint8Array
  text: string
}

const table: (Known | undefined)[] = new Array<Known | undefined>(SLOTS)

/** bytes[from, to), which must be ASCII, as text. A slot of the table holds the last text that fell on it, so the table never grows. */
export function textAt(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from
  if (length > LONGEST_BYTES) return latin1(bytes, from, to)
  let hash = length
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
  const slot = hash & (SLOTS - 1)
  const known = table[slot]
  if (known !== undefined && isSame(known.bytes, bytes, from, length)) return known.text
  const text = latin1(bytes, from, to)
  table[slot] = { bytes: new Uint8Array(bytes.subarray(from, to)), text }
  return text
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (known.length !== length) return false
  for (let i = 0; i < length; i++) if (known[i] !== bytes[from + i]) return false
  return true
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
