/** Numbers at random that a seed repeats. */
export interface Random {
  /** A whole number from 0 up to `limit`, without it. */
  below(limit: number): number
}

/** xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
export function randomOf(seed: number): Random {
  let state = seed | 0 || 1
  return {
    below(limit) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % limit
    },
  }
}

/** Bytes that mean something to a decoder: ends, signs, escapes, the edges of varints. */
const TELLING = Buffer.from('\x00\x01\x7f\x80\xff\n\r "\\{}[],:.-+eE019tfnu', 'latin1')

/** A copy of some bytes, damaged in one to four places; pieces come from themselves and from `other`. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out: Buffer = Buffer.from(bytes)
  for (let left = 1 + random.below(4); left > 0; left--) out = damage(out, other, random)
  return out
}

function damage(bytes: Buffer, other: Uint8Array, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const to = Math.min(bytes.length, at + 1 + random.below(12))
  const telling = TELLING[random.below(TELLING.length)] ?? 0
  const replaced = (piece: Uint8Array) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(to)])
  const inserted = (piece: Uint8Array) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
  switch (random.below(8)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      flipped[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return flipped
    }
    case 1:
      return inserted(Uint8Array.of(telling))
    case 2: {
      const set = Buffer.from(bytes)
      set[at] = telling
      return set
    }
    case 3:
      return replaced(new Uint8Array(0))
    case 4:
      return inserted(bytes.subarray(at, to))
    case 5:
      return inserted(new Uint8Array(1 + random.below(20)).fill(telling))
    case 6: {
      const from = random.below(other.length)
      return replaced(other.subarray(from, from + 1 + random.below(24)))
    }
    default:
      return bytes.subarray(0, at)
  }
}
