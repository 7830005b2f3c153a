const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Lengths of bars that can be chosen: name of the API, and µs. */
export const INTERVALS: readonly { name: string; us: number }[] = [
  { name: '1s', us: SECOND },
  { name: '5s', us: 5 * SECOND },
  { name: '15s', us: 15 * SECOND },
  { name: '30s', us: 30 * SECOND },
  { name: '1m', us: MINUTE },
  { name: '2m', us: 2 * MINUTE },
  { name: '5m', us: 5 * MINUTE },
  { name: '15m', us: 15 * MINUTE },
  { name: '1h', us: HOUR },
  { name: '4h', us: 4 * HOUR },
  { name: '1d', us: 24 * HOUR },
]

/** More bars than a screen has columns are of no use. */
const MOST_BARS = 1_000
const MOST_BARS_AT_ALL = 20_000

/** The shortest bars of which a range does not have too many. */
export function intervalFor(rangeUs: number): { name: string; us: number } {
  const fitting = INTERVALS.find(({ us }) => rangeUs / us <= MOST_BARS)
  return fitting ?? { name: '1d', us: 24 * HOUR }
}

/** Lengths that a range can be shown in without harm. */
export const intervalsFor = (rangeUs: number) => INTERVALS.filter(({ us }) => rangeUs / us <= MOST_BARS_AT_ALL && us <= rangeUs)
