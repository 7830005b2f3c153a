import { DURATION_FORMS, endOfSecond, type Parsed, parseDuration, parseTime, systemNowUs, TIME_FORMS } from '@ib-stream/model'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'

export interface RangeFlags {
  start?: string
  end?: string
  last?: string
}

/** Adds the flags that name a range of time. */
export function withRange(command: Command, lastDoc: string): Command {
  return command
    .option('--start <time>', 'first moment: ISO 8601 with zone, or seconds, ms, µs since 1970')
    .option('--end <time>', 'first moment after the range (default: now)')
    .option('--last <duration>', lastDoc)
}

/**
 * The range that the flags name, µs; `startUs` is undefined where they leave it open.
 * @throws CliError `IBS_CLI_OPTION_INVALID`
 */
export function rangeOf({ start, end, last }: RangeFlags): { startUs: number | undefined; endUs: number } {
  const [startUs, lengthUs] = [read('--start', start, parseTime, TIME_FORMS), read('--last', last, parseDuration, DURATION_FORMS)]
  const givenEndUs = read('--end', end, parseTime, TIME_FORMS)
  if (startUs !== undefined && givenEndUs !== undefined && lengthUs !== undefined)
    throw invalid('--last', last, 'not with both --start and --end; leave one of them out')
  const endUs = givenEndUs ?? (startUs !== undefined && lengthUs !== undefined ? startUs + lengthUs : endOfSecond(systemNowUs()))
  const range = { startUs: startUs ?? (lengthUs === undefined ? undefined : endUs - lengthUs), endUs }
  if (range.startUs !== undefined && range.startUs >= endUs) throw invalid('--start', start, 'before the end of the range')
  return range
}

function read(flag: string, text: string | undefined, parse: (text: string) => Parsed, forms: string): number | undefined {
  if (text === undefined) return undefined
  const { us, problem } = parse(text)
  if (problem !== undefined) throw invalid(flag, text, `${forms}; it ${problem}`)
  return us
}

export const invalid = (flag: string, value: string | undefined, rule: string): CliError =>
  new CliError('IBS_CLI_OPTION_INVALID', `${flag} ${value ?? ''}: ${rule}`, { flag, value })
