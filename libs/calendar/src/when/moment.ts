import { parseTime, TIME_FORMS, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { dateOfDay, type LocalDate } from '../local-date.ts'
import type { TimeZone } from '../time-zone.ts'
import type { Parsed } from './parsed.ts'

/** Moments that have a name. `now`; the last midnight and the last Monday's midnight in a zone; and, by the hours of a contract, the start of its newest session and the close of the day before. */
export const MOMENT_WORDS = ['now', 'midnight', 'week_start', 'session_start', 'yesterday_close'] as const
export type MomentWord = (typeof MOMENT_WORDS)[number]

/** A moment as it was asked for: an instant in µs UTC; wall time that needs a zone; or a word that needs the present. */
export type Moment =
  | { kind: 'instant'; us: number }
  | { kind: 'local'; date: LocalDate; minute: number; restUs: number }
  | { kind: 'word'; word: MomentWord }

export const MOMENT_FORMS = `${TIME_FORMS}; ISO 8601 without its zone together with tz; or one of ${MOMENT_WORDS.join(', ')}`

const US_PER_MINUTE = 60 * US_PER_SECOND

/** A moment from its text: all that `parseTime` reads, wall time, and the words. */
export function parseMoment(text: string): Parsed<Moment> {
  const word = text.trim().toLowerCase().replaceAll('-', '_')
  if (isWord(word)) return { value: { kind: 'word', word } }
  const { us, problem } = parseTime(text)
  if (problem === undefined) return { value: { kind: 'instant', us } }
  const wall = parseTime(`${text}Z`)
  if (wall.problem === undefined) return { value: localTime(wall.us) }
  return { problem: wall.problem === 'is no time' ? problem : wall.problem } // what is wrong besides the missing zone
}

const isWord = (text: string): text is MomentWord => (MOMENT_WORDS as readonly string[]).includes(text)

/** @param wallUs the wall time as if it were UTC */
function localTime(wallUs: number): Moment {
  const day = Math.floor(wallUs / US_PER_DAY)
  const minute = Math.floor((wallUs - day * US_PER_DAY) / US_PER_MINUTE)
  return { kind: 'local', date: dateOfDay(day), minute, restUs: wallUs - day * US_PER_DAY - minute * US_PER_MINUTE }
}

/** Wall time in a zone as an instant, µs UTC; doubled and skipped hours as {@link TimeZone.instant} has them. */
export const localInstant = ({ date, minute, restUs }: Extract<Moment, { kind: 'local' }>, zone: TimeZone): number =>
  zone.instant(date, minute) + restUs
