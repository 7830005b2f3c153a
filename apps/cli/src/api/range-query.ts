/** Flags that name a range of time, in the words of the API. */
export interface RangeFlags {
  start: string | undefined
  end: string | undefined
  last: string | undefined
  session?: string | undefined
  hours?: string | undefined
  tz?: string | undefined
}

/** The flags as parameters: the server reads them, and what it refuses it says by these names. */
export const rangeQuery = ({ start, end, last, session, hours, tz }: RangeFlags) => ({
  start_time: start,
  end_time: end,
  buffer_duration: last,
  session,
  hours,
  tz,
})
