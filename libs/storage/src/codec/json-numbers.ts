/** Where the last number ended; where one could not be read: back at the first brace of its line, where nothing that is looked for next can stand. */
export let end = 0
let lineStart = 0

/** Begins a line at `from`. */
export function startNumbers(from: number): void {
  lineStart = from
}

export function setEnd(at: number): void {
  end = at
}

function unsure(): number {
  end = lineStart
  return Number.NaN
}

const TEN_TO_4 = 10_000
const TEN_TO_8 = 100_000_000

// The first eight digits of a stamp stay for 100 seconds.
let head0 = 0
let head1 = 0
let headUs = Number.NaN

/** Sixteen digits and a comma, as every stamp from 2001 to 2286 has them, four at a time. Reads 17 bytes. */
export function scanStamp(view: DataView, at: number): number {
  const w0 = view.getInt32(at, true)
  const w1 = view.getInt32(at + 4, true)
  const w2 = view.getInt32(at + 8, true)
  const w3 = view.getInt32(at + 12, true)
  if ((notDigits(w2) | notDigits(w3)) !== 0 || view.getUint8(at + 16) !== 44) return unsure()
  if (w0 !== head0 || w1 !== head1) {
    if ((notDigits(w0) | notDigits(w1)) !== 0 || (w0 & 0xff) === 48) return unsure()
    head0 = w0
    head1 = w1
    headUs = (fourDigits(w0) * TEN_TO_4 + fourDigits(w1)) * TEN_TO_8
  }
  end = at + 16
  const value = headUs + (fourDigits(w2) * TEN_TO_4 + fourDigits(w3))
  return value <= Number.MAX_SAFE_INTEGER ? value : unsure()
}

/** Of four bytes: 0 where all are digits. A digit has 3 in its upper half, and still has it after 6 is added. */
const notDigits = (word: number): number => ((word & 0xf0f0f0f0) ^ 0x30303030) | (((word + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030)

/** The number of four digits, the first in the lowest byte: neighbours are joined, then the two pairs. */
function fourDigits(word: number): number {
  const pairs = Math.imul(word & 0x000f000f, 10) + ((word >>> 8) & 0x000f000f)
  return (pairs & 0xff) * 100 + (pairs >>> 16)
}

// Ids, prices and sizes come again and again, with the same text behind them. A slot holds the last twelve bytes that fell on it, and the number they begin with.
const SLOTS = 1024
const SLOT_BITS = 10
const KEY_BYTES = 12
const keys = new Int32Array(SLOTS * 4)
const numbers = new Float64Array(SLOTS)

/**
 * A number as JSON spells it, without exponent, of at most 15 digits; any other is unsure. Both its parts are exact doubles then, so one division rounds as JSON.parse
 * does. Reads {@link KEY_BYTES} bytes, or as far as the number goes.
 */
export function scanNumber(view: DataView, at: number): number {
  const w0 = view.getInt32(at, true)
  const w1 = view.getInt32(at + 4, true)
  const w2 = view.getInt32(at + 8, true)
  const slot = (Math.imul(w0, 0x9e3779b1) + Math.imul(w1, 0x85ebca6b) + Math.imul(w2, 0xc2b2ae35)) >>> (32 - SLOT_BITS)
  const key = slot << 2
  if (keys[key] === w0 && keys[key + 1] === w1 && keys[key + 2] === w2) {
    end = at + (keys[key + 3] as number)
    return numbers[slot] as number
  }
  const value = scanDigits(view, at)
  if (end <= at || end >= at + KEY_BYTES) return value // unsure, or longer than a key
  keys[key] = w0
  keys[key + 1] = w1
  keys[key + 2] = w2
  keys[key + 3] = end - at
  numbers[slot] = value
  return value
}

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

function scanDigits(view: DataView, at: number): number {
  const negative = view.getUint8(at) === 45
  const first = negative ? at + 1 : at
  let i = first
  let value = 0
  let c = view.getUint8(i)
  for (; c >= 48 && c <= 57; c = view.getUint8(++i)) {
    if (i === first + 15) return unsure()
    value = value * 10 + (c - 48)
  }
  let digits = i - first
  if (digits === 0 || (digits > 1 && view.getUint8(first) === 48)) return unsure()
  if (c === 46) {
    const point = i
    for (c = view.getUint8(++i); c >= 48 && c <= 57; c = view.getUint8(++i)) {
      if (++digits > 15) return unsure()
      value = value * 10 + (c - 48)
    }
    if (i === point + 1) return unsure()
    value /= POWERS_OF_TEN[i - point - 1] as number
  }
  if (c === 101 || c === 69) return unsure()
  end = i
  return negative ? -value : value
}
