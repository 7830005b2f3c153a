import {
  type AskedRange,
  isRange,
  MOMENT_FORMS,
  type Moment,
  type Parsed,
  parseMoment,
  parseZone,
  resolveRange,
  type TimeZone,
  timeZone,
  ZONE_FORMS,
} from '@ib-stream/calendar'
import { DURATION_FORMS, parseDuration, systemNowUs } from '@ib-stream/model'
import { CliError } from '../errors.ts'

export interface RangeFlags {
  start: string | undefined
  end: string | undefined
  last: string | undefined
  tz: string | undefined
}

/** What a command shows and reads times in. */
export interface AskedTime {
  /** µs; undefined where the flags leave it open. */
  startUs: number | undefined
  endUs: number
  /** Of the times that are shown. */
  zone: TimeZone
}

const FLAG_OF: Readonly<Record<keyof AskedRange, string>> = {
  start: '--start',
  end: '--end',
  durationUs: '--last',
  session: '--session',
  hours: '--hours',
  zone: '--tz',
}

/**
 * The range that the flags name, by the rules of the API; without `--start` and `--last` it is open.
 * @throws CliError `IBS_CLI_OPTION_INVALID`
 */
export function rangeOf({ start, end, last, tz }: RangeFlags): AskedTime {
  const zone = zoneOf(tz)
  const asked: AskedRange = {
    start: read<Moment>('--start', start, parseMoment, MOMENT_FORMS),
    end: read<Moment>('--end', end, parseMoment, MOMENT_FORMS),
    durationUs: read('--last', last, parseLength, DURATION_FORMS),
    zone: tz === undefined ? undefined : zone,
  }
  const range = resolveRange(asked, { nowUs: systemNowUs() })
  if (!isRange(range))
    throw invalid(FLAG_OF[range.field], { start, end, durationUs: last }[range.field as 'start'], `${range.problem}; ${range.allowed}`)
  const isOpen = start === undefined && last === undefined
  return { startUs: isOpen ? undefined : range.startUs, endUs: range.endUs, zone }
}

/** The zone of `--tz`, else UTC. @throws CliError `IBS_CLI_OPTION_INVALID` */
export function zoneOf(tz: string | undefined): TimeZone {
  const zone = read<TimeZone | 'exchange'>('--tz', tz, parseZone, ZONE_FORMS)
  if (zone === 'exchange') throw invalid('--tz', tz, 'an IANA time zone; that of the exchange is not known here')
  return zone ?? timeZone('UTC')
}

const parseLength = (text: string): Parsed<number> => {
  const { us, problem } = parseDuration(text)
  return problem === undefined ? { value: us } : { problem }
}

function read<Value>(flag: string, text: string | undefined, parse: (text: string) => Parsed<Value>, forms: string): Value | undefined {
  if (text === undefined) return undefined
  const { value, problem } = parse(text)
  if (problem !== undefined) throw invalid(flag, text, `${forms}; it ${problem}`)
  return value
}

export const invalid = (flag: string, value: string | undefined, rule: string): CliError =>
  new CliError('IBS_CLI_OPTION_INVALID', `${flag} ${value ?? ''}: ${rule}`, { flag, value })
