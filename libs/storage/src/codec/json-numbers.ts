import { textAt } from './text-table.ts'

/** Where the last number or word ended: a second return value without an object for each of them. Something that could not be read does not move it. */
export let end = 0
let allRead = true

/** Begins a line at `from`: nothing in it has failed yet. */
export function startNumbers(from: number): void {
  end = from // not where the last line, maybe of a longer block, left it
  allRead = true
}

/** Whether everything since `startNumbers` could be read. */
export const isRead = (): boolean => allRead

export function setEnd(at: number): void {
  end = at
}

function unsure(): number {
  allRead = false
  return Number.NaN
}

const TEN_TO_8 = 100_000_000

/** Sixteen digits and a comma, as every stamp from 2001 to 2286 has them, four at a time; any other number of digits one by one. */
export function scanStamp(b: Uint8Array, view: DataView, at: number): number {
  const w0 = view.getInt32(at, true)
  const w1 = view.getInt32(at + 4, true)
  const w2 = view.getInt32(at + 8, true)
  const w3 = view.getInt32(at + 12, true)
  if ((notDigits(w0) | notDigits(w1) | notDigits(w2) | notDigits(w3)) !== 0 || b[at] === 48 || b[at + 16] !== 44) return scanInt(b, at)
  end = at + 16
  const value = (fourDigits(w0) * 10_000 + fourDigits(w1)) * TEN_TO_8 + (fourDigits(w2) * 10_000 + fourDigits(w3))
  return value <= Number.MAX_SAFE_INTEGER ? value : unsure()
}

/** Of four bytes: 0 where all are digits. A digit has 3 in its upper half, and still has it after 6 is added. */
const notDigits = (word: number): number => ((word & 0xf0f0f0f0) ^ 0x30303030) | (((word + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030)

/** The number of four digits, the first in the lowest byte: neighbours are joined, then the two pairs. */
function fourDigits(word: number): number {
  const pairs = Math.imul(word & 0x000f000f, 10) + ((word >>> 8) & 0x000f000f)
  return (pairs & 0xff) * 100 + (pairs >>> 16)
}

/** An id: up to ten digits, four at a time. */
export function scanId(b: Uint8Array, view: DataView, at: number): number {
  if (b[at] === 48) return scanInt(b, at)
  let value = 0
  let i = at
  for (let word = view.getInt32(i, true); i < at + 8 && notDigits(word) === 0; word = view.getInt32(i, true)) {
    value = value * 10_000 + fourDigits(word)
    i += 4
  }
  for (let digit = (b[i] as number) - 48; digit >= 0 && digit <= 9; digit = (b[i] as number) - 48) {
    if (i >= at + 10) return unsure()
    value = value * 10 + digit
    i++
  }
  if (i === at) return unsure()
  end = i
  return value
}

/** Digits without sign and leading zero, at most 2^53 − 1. Sixteen digits above it round to 2^53 or more, so the comparison sees them. */
function scanInt(b: Uint8Array, at: number): number {
  let value = 0
  let i = at
  for (let c = b[i] ?? 0; c >= 48 && c <= 57; c = b[++i] ?? 0) value = value * 10 + (c - 48)
  const digits = i - at
  if (digits === 0 || digits > 16 || value > Number.MAX_SAFE_INTEGER || (digits > 1 && b[at] === 48)) return unsure()
  end = i
  return value
}

const MOST_DIGITS = 9 // what 32 bits hold

/** Up to nine digits with or without a point, in whole numbers of 32 bits; anything else the long way. Both parts are exact, so one division rounds as JSON.parse does. */
export function scanDouble(b: Uint8Array, at: number): number {
  let value = 0
  let i = at
  let c = b[i] as number
  for (; c >= 48 && c <= 57; c = b[++i] as number) value = (Math.imul(value, 10) + c - 48) | 0
  const whole = i - at
  if (whole === 0 || whole > MOST_DIGITS || (whole > 1 && b[at] === 48)) return scanLongDouble(b, at)
  if (c === 46) {
    for (c = b[++i] as number; c >= 48 && c <= 57; c = b[++i] as number) value = (Math.imul(value, 10) + c - 48) | 0
    const decimals = i - at - whole - 1
    if (decimals === 0 || whole + decimals > MOST_DIGITS || c === 101 || c === 69) return scanLongDouble(b, at)
    end = i
    return value / (POWERS_OF_TEN[decimals] as number)
  }
  if (c === 101 || c === 69) return unsure()
  end = i
  return value
}

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/** As `scanDouble` of the objects' scanner: sign, up to 15 digits, no exponent. */
function scanLongDouble(b: Uint8Array, at: number): number {
  const negative = b[at] === 45
  const first = negative ? at + 1 : at
  let i = first
  let value = 0
  let c = b[i] ?? 0
  for (; c >= 48 && c <= 57; c = b[++i] ?? 0) value = value * 10 + (c - 48)
  let digits = i - first
  if (digits === 0 || (digits > 1 && b[first] === 48)) return unsure()
  if (c === 46) {
    const point = i
    for (c = b[++i] ?? 0; c >= 48 && c <= 57; c = b[++i] ?? 0) value = value * 10 + (c - 48)
    const decimals = i - point - 1
    digits += decimals
    if (decimals === 0 || digits > 15) return unsure()
    value /= POWERS_OF_TEN[decimals] ?? Number.NaN
  }
  if (digits > 15 || c === 101 || c === 69) return unsure()
  end = i
  return negative ? -value : value
}

const LONGEST_WORD = 100 // so that a scanned line ends within the bytes that were looked for

/** Plain text between quotes; `at` is its opening quote. */
export function scanWord(b: Uint8Array, at: number): string | undefined {
  if (b[at] !== 34) return undefined
  let i = at + 1
  for (let c = b[i] ?? 0; c !== 34; c = b[++i] ?? 0) if (c < 32 || c > 126 || c === 92 || i > at + LONGEST_WORD) return undefined
  end = i + 1
  return textAt(b, at + 1, i)
}
