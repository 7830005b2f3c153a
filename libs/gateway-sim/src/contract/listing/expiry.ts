/** An expiry of a future. */
export interface FutureExpiry {
  /** Last trading day, `YYYYMMDD`. */
  readonly day: string
  /** Contract month, `YYYYMM`. */
  readonly month: string
  /** Month letter and last digit of the year, as in MNQ**Z5**. */
  readonly code: string
}

/** When the contract of a month trades last. @param month 0 to 11 */
export type LastTradeRule = (year: number, month: number) => Date

/** How the expiries of a root follow each other. */
export interface ExpiryCycle {
  /** Contract months, 0 to 11. */
  readonly months: readonly number[]
  readonly lastTrade: LastTradeRule
}

const MONTH_LETTERS = 'FGHJKMNQUVXZ'
const DAY_MS = 86_400_000
const FRIDAY = 5
const DAYS_PER_WEEK = 7
/** Volume moves to the next expiry this many days before the last trade. */
const ROLL_DAYS = 8

/** Index futures: the third Friday of March, June, September and December. */
export const QUARTERLY: ExpiryCycle = { months: [2, 5, 8, 11], lastTrade: thirdFriday }

/** Crude oil: every month, three business days before the 25th of the month before (holidays left out). */
export const MONTHLY_OIL: ExpiryCycle = { months: Array.from({ length: 12 }, (_, month) => month), lastTrade: oilLastTrade }

/** Expiries in order, from some that are over to some years ahead. */
export function expiriesAround(now: Date, { months, lastTrade }: ExpiryCycle): readonly FutureExpiry[] {
  const years = [-1, 0, 1, 2].map((offset) => now.getUTCFullYear() + offset)
  return years.flatMap((year) =>
    months.map((month) => ({
      day: compactDay(lastTrade(year, month)),
      month: `${year}${String(month + 1).padStart(2, '0')}`,
      code: `${MONTH_LETTERS[month]}${year % 10}`,
    })),
  )
}

/** The front expiry at a date: the first whose last trade is more than a roll away. */
export function frontExpiry(now: Date, cycle: ExpiryCycle = QUARTERLY): FutureExpiry {
  const rolled = compactDay(new Date(now.getTime() + ROLL_DAYS * DAY_MS))
  const front = expiriesAround(now, cycle).find(({ day }) => day > rolled)
  if (front === undefined) throw new RangeError(`no expiry after ${rolled}`)
  return front
}

/** Options end on third Fridays. @param month 0 to 11, or beyond */
export function thirdFriday(year: number, month: number): Date {
  const firstWeekday = new Date(Date.UTC(year, month, 1)).getUTCDay()
  const firstFriday = 1 + ((FRIDAY - firstWeekday + DAYS_PER_WEEK) % DAYS_PER_WEEK)
  return new Date(Date.UTC(year, month, firstFriday + 2 * DAYS_PER_WEEK))
}

/** `YYYYMMDD`. */
export function compactDay(date: Date): string {
  return date.toISOString().slice(0, 10).replaceAll('-', '')
}

function oilLastTrade(year: number, month: number): Date {
  let day = new Date(Date.UTC(year, month - 1, 25))
  let back = isWeekend(day) ? 4 : 3
  while (back > 0) {
    day = new Date(day.getTime() - DAY_MS)
    if (!isWeekend(day)) back--
  }
  return day
}

function isWeekend(day: Date): boolean {
  return day.getUTCDay() % 6 === 0
}
