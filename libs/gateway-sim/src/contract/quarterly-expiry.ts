/** An expiry of a quarterly index future. */
export interface QuarterlyExpiry {
  /** Last trading day, `YYYYMMDD`. */
  readonly day: string
  /** Contract month, `YYYYMM`. */
  readonly month: string
  /** Month letter and last digit of the year, as in MNQ**Z5**. */
  readonly code: string
}

/** Volume moves to the next expiry eight days before the third Friday. */
const ROLL_DAYS = 8
const QUARTERS: readonly (readonly [month: number, letter: string])[] = [
  [2, 'H'],
  [5, 'M'],
  [8, 'U'],
  [11, 'Z'],
]
const FRIDAY = 5
const DAYS_PER_WEEK = 7

/** The front expiry at a date: the next third Friday of March, June, September or December that is more than a roll away. */
export function frontExpiry(now: Date): QuarterlyExpiry {
  const earliest = new Date(now)
  earliest.setUTCDate(earliest.getUTCDate() + ROLL_DAYS)
  const years = [earliest.getUTCFullYear(), earliest.getUTCFullYear() + 1]
  const expiries = years.flatMap((year) => QUARTERS.map(([month, letter]) => ({ day: thirdFriday(year, month), letter })))
  const front = expiries.find(({ day }) => day > earliest)
  if (front === undefined) throw new RangeError(`no quarterly expiry after ${earliest.toISOString()}`)
  const day = front.day.toISOString().slice(0, 10).replaceAll('-', '')
  return { day, month: day.slice(0, 6), code: `${front.letter}${day.slice(3, 4)}` }
}

function thirdFriday(year: number, month: number): Date {
  const firstWeekday = new Date(Date.UTC(year, month, 1)).getUTCDay()
  const firstFriday = 1 + ((FRIDAY - firstWeekday + DAYS_PER_WEEK) % DAYS_PER_WEEK)
  return new Date(Date.UTC(year, month, firstFriday + 2 * DAYS_PER_WEEK))
}
