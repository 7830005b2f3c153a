import { type TimeZone, timeZone } from '../time-zone.ts'
import type { Parsed } from './parsed.ts'

export const ZONE_FORMS = 'an IANA time zone (America/New_York, UTC), or exchange for that of the contract'

/** A zone that a user names. Only its canonical name is remembered, so that no spelling of it takes memory. */
export function parseZone(text: string): Parsed<TimeZone | 'exchange'> {
  const name = text.trim()
  if (name.toLowerCase() === 'exchange') return { value: 'exchange' }
  const iana = /^[A-Za-z][\w+/-]{1,63}$/.test(name) ? canonical(name) : undefined
  return iana === undefined ? { problem: 'is no time zone' } : { value: timeZone(iana) }
}

function canonical(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined // a RangeError is Intl's only way to say that it does not know a zone
  }
}
