/**
 * Microseconds since 1970-01-01 UTC as plain numbers: exact up to 2^53 − 1, which is the year 2255. Every conversion stands here.
 */

export const US_PER_MS = 1_000
export const US_PER_SECOND = 1_000_000
export const US_PER_HOUR = 3_600 * US_PER_SECOND
export const US_PER_DAY = 24 * US_PER_HOUR

/** First µs of 1990: no tick of any exchange that IB serves is older. */
export const EARLIEST_TS_US = Date.UTC(1990, 0, 1) * US_PER_MS

/** Whole or fractional seconds since the epoch as IB sends them → µs. */
export const usFromSeconds = (seconds: number): number => Math.round(seconds * US_PER_SECOND)

/** Milliseconds since the epoch (`Date.now()`) → µs. */
export const usFromMs = (ms: number): number => Math.round(ms * US_PER_MS)

/** µs → milliseconds, cut to whole ones, for `Date` and timers. */
export const msFromUs = (us: number): number => Math.floor(us / US_PER_MS)

/** First µs of the UTC hour that holds `us`. */
export const hourOf = (us: number): number => Math.floor(us / US_PER_HOUR) * US_PER_HOUR

/** `2025-07-30T01:07:14.777542Z`: all six digits, always UTC. */
export function isoFromUs(us: number): string {
  const ms = msFromUs(us)
  const micros = String(us - ms * US_PER_MS).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`
}
