/** What every store is asked, in the order of the table. */
export const QUESTIONS = {
  minute: 'one minute of quotes',
  hour: 'one hour of quotes',
  scan: 'a day of quotes summed up',
  bars: 'one-minute OHLC of the mid, a day',
  asOf: 'the quote that stood at a moment',
  join: 'each trade of a day with the quote that stood',
  last: 'the last 1,000 quotes',
  replay: 'all ticks of a day in order',
} as const
export type Question = keyof typeof QUESTIONS
export const QUESTION_NAMES = Object.keys(QUESTIONS) as Question[]

/** How many quotes `last` asks for, and of how many moments `asOf` is the mean. */
export const LAST = 1_000
export const MOMENTS = 8

/**
 * Numbers that are the same whoever answers: of rows their count and a hash over them in their order, of sums the sums.
 * Where a store gives rows to its client, the client looks at every value of them.
 */
export type Answer = readonly number[]

/** Sums of doubles depend on their order. */
const CLOSE = 1e-9

/** @throws Error where an answer is not the right one */
export function assertRight(what: string, found: Answer, right: Answer): void {
  const same = (value: number, n: number) => Math.abs(value - (right[n] ?? Number.NaN)) <= CLOSE * Math.max(1, Math.abs(value))
  if (found.length === right.length && found.every(same)) return
  throw new Error(`${what}: answered ${found.slice(0, 12).join()}, right is ${right.slice(0, 12).join()}`)
}
