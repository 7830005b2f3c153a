/** The two times that the simulator needs; a test or a later virtual day gives its own. */
export interface Clock {
  /** Wall time, µs since 1970-01-01 UTC. May step. */
  wallUs(): number
  /** Time that never goes back, µs since an arbitrary start. */
  steadyUs(): number
}

export const US_PER_SECOND = 1_000_000
export const US_PER_MS = 1000
const MS_PER_SECOND = 1000

/** The machine's clocks. */
export const systemClock: Clock = {
  wallUs: () => Date.now() * US_PER_MS,
  steadyUs: () => performance.now() * US_PER_MS,
}

/** Whole seconds since 1970 of a µs stamp, rounded down: the only resolution that IB's stamps have. */
export function wholeSeconds(us: number): number {
  return Math.floor(us / US_PER_SECOND)
}

/** A µs stamp cut to its second. */
export function floorToSecondUs(us: number): number {
  return wholeSeconds(us) * US_PER_SECOND
}

/** The Date of a µs stamp. */
export function dateOfUs(us: number): Date {
  return new Date(us / US_PER_MS)
}

/** Seconds as µs, for gaps that a model draws in seconds. */
export function secondsToUs(seconds: number): number {
  return seconds * US_PER_SECOND
}

/** Seconds as ms, for timers. */
export function secondsToMs(seconds: number): number {
  return seconds * MS_PER_SECOND
}
