import { US_PER_DAY, US_PER_HOUR, US_PER_SECOND, usFromMs, usFromSeconds } from './time.ts'

export const TIME_FORMS =
  'ISO 8601 with its zone (2025-07-30T14:00:00Z, 2025-07-30T16:00:00.25+02:00), or a number since 1970: seconds (below 10^11), milliseconds (below 10^14) or microseconds'
export const DURATION_FORMS = 'numbers with w, d, h, m, s, largest unit first: 1h, 2h30m, 30s, 1d'

/** A value, or what is wrong with the text. */
export type Parsed = { us: number; problem?: undefined } | { us?: undefined; problem: string }

const US_PER_MINUTE = 60 * US_PER_SECOND
/** 10^11 s is the year 5138 and 10^11 ms is 1973: no market data lies on the wrong side. */
const SECONDS_BELOW = 1e11
const MS_BELOW = 1e14
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+\- ]\d\d:?\d\d)?$/i
const NUMBER = /^\d{1,16}(\.\d{1,9})?$/

/** A moment in µs UTC. A blank where the offset's sign should be is a plus that was not escaped in a URL. */
export function parseTime(text: string): Parsed {
  const trimmed = text.trim()
  return NUMBER.test(trimmed) ? fromNumber(Number(trimmed)) : fromIso(trimmed)
}

function fromNumber(value: number): Parsed {
  const us = value < SECONDS_BELOW ? usFromSeconds(value) : value < MS_BELOW ? usFromMs(value) : Math.round(value)
  return Number.isSafeInteger(us) ? { us } : { problem: 'lies after the year 2255' }
}

function fromIso(text: string): Parsed {
  const [whole, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = ISO.exec(text) ?? []
  if (whole === undefined) return { problem: 'is no time' }
  if (zone === undefined) return { problem: 'has no zone; add Z for UTC or an offset like +02:00' }
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  if (!new Date(ms).toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`))
    return { problem: 'is no day or hour of the calendar' }
  const offset = offsetUs(zone)
  if (offset === undefined) return { problem: 'has no such offset; up to 14:00' }
  const us = usFromMs(ms) + Number(fraction.slice(0, 6).padEnd(6, '0')) - offset
  return us >= 0 && Number.isSafeInteger(us) ? { us } : { problem: 'lies before 1970 or after 2255' }
}

const MOST_OFFSET_MINUTES = 14 * 60

function offsetUs(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3))
  if (minutes > MOST_OFFSET_MINUTES || Number(digits.slice(3)) > 59) return undefined
  return (zone.startsWith('-') ? -minutes : minutes) * US_PER_MINUTE
}

const DURATION = /^(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/
const UNITS_US = [7 * US_PER_DAY, US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND]
const MOST_US = 100 * 366 * US_PER_DAY

/** A length of time in µs, above 0. */
export function parseDuration(text: string): Parsed {
  const parts = DURATION.exec(text.trim())?.slice(1)
  if (!parts || text.trim() === '') return { problem: 'is no duration' }
  const us = parts.reduce((sum, count, i) => sum + Number(count ?? 0) * (UNITS_US[i] ?? 0), 0)
  if (us === 0) return { problem: 'is no time at all' }
  return us <= MOST_US ? { us } : { problem: 'is longer than a century' }
}

/** `now` cut to the first whole second after it: IB's stamps are whole seconds, and `[start, end)` must hold the current one. */
export const endOfSecond = (nowUs: number): number => (Math.floor(nowUs / US_PER_SECOND) + 1) * US_PER_SECOND

/** For stamps of this process, not for ticks. */
export const systemNowUs = (): number => usFromMs(Date.now())
