/** Numbers in [0, 1). */
export type Random = () => number

/** Looked up once: where globals are intercepted (under Jest), each look-up costs more than the multiplication. */
const { imul, floor } = Math

const TWO_32 = 2 ** 32

/** sfc32 (Chris Doty-Humphrey), seeded by two numbers: the same pair gives the same sequence on every machine. */
export function seededRandom(seed: number, stream: number): Random {
  let a = seed >>> 0
  let b = stream >>> 0
  let c = Math.floor(seed / TWO_32) >>> 0
  let counter = 1
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / TWO_32
  }
  // The first outputs still show the seed.
  for (let i = 0; i < 20; i++) next()
  return next
}

/** Exponential with mean 1. */
export function exponential(random: Random): number {
  return -Math.log(1 - random())
}

/** Pareto from 1 on: about 1 in most draws, very large in a few. */
export function pareto(random: Random, tail: number): number {
  return (1 - random()) ** (-1 / tail)
}

/** One of the values, each as likely as its weight. */
export function weighted<T>(random: Random, choices: readonly (readonly [value: T, weight: number])[]): T {
  let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [value, weight] of choices) {
    left -= weight
    if (left < 0) return value
  }
  const last = choices.at(-1)
  if (last === undefined) throw new RangeError('nothing to choose from')
  return last[0]
}

/** A number in [0, 1) that depends on nothing but its three keys: murmur3's mixing of their words. */
export function hashUnit(seed: number, stream: number, index: number): number {
  let hash = 0x9747b28c
  for (const word of [seed, floor(seed / TWO_32), stream, index, floor(index / TWO_32)]) {
    let k = imul(word | 0, 0xcc9e2d51)
    k = imul((k << 15) | (k >>> 17), 0x1b873593)
    hash ^= k
    hash = (imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / TWO_32
}
