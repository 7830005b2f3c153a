import { argument, flag, optionalArgument, text, value, word } from './option.ts'

/** A test holds it to the model's list, which takes too long to load for `--help`. */
export const TICK_TYPE_WORDS = ['bid_ask', 'last', 'all_last', 'mid_point'] as const

/** Tick types of a list. @throws a sentence about the form */
export function readTypes(list: string): (typeof TICK_TYPE_WORDS)[number][] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))]
  const types = TICK_TYPE_WORDS.filter((one) => names.includes(one))
  if (types.length === names.length) return names as typeof types
  throw new Error(`tick types from ${TICK_TYPE_WORDS.join(', ')}, separated by commas`)
}

const CONTRACT = 'contract id (265598), or a name: AAPL, MNQ.front, "FUT MNQ CME 202612"'
export const contract = argument('contract', CONTRACT)
export const optionalContract = optionalArgument('contract', `${CONTRACT}; default: all`)

export const types = (shown: string) => value('-t, --types <list>', 'tick types, separated by commas', readTypes, { shown })
export const json = (doc = 'JSON for programs') => flag('-j, --json', doc)

export const API = {
  url: text('--url <address>', 'where query-api is', { shown: 'API_URL or PORT, or the address of the "up" that runs' }),
  key: text('--key <key>', 'API key, where the server wants one', { shown: 'IB_STREAM_API_KEY' }),
} as const

export const nats = text('--nats <address>', 'where NATS is', { shown: 'NATS_URL, or the server that "up" runs' })
export const dataDir = text('-d, --data-dir <folder>', 'the recording', { completes: 'folder', shown: 'DATA_DIR, as "up" finds it' })

/** The range of time, in the words of the API. */
export const RANGE = {
  start: text('--start <time>', 'first moment: ISO 8601, seconds, ms or µs since 1970, now, midnight, week_start'),
  end: text('--end <time>', 'first moment after the range', { shown: 'now' }),
  last: text('--last <duration>', 'length of the range: 30s, 1h, 2h30m, 1d, 1w'),
  tz: text('--tz <zone>', 'zone of times without one, and of the times that are shown: America/New_York', { shown: 'UTC' }),
} as const

/** The range of time where the hours of the contract are known. */
export const SESSION_RANGE = {
  ...RANGE,
  start: text(
    '--start <time>',
    'first moment: ISO 8601, seconds, ms or µs since 1970, now, midnight, week_start, session_start, yesterday_close',
  ),
  session: text('--session <date>', 'a session instead: a trading date, current or previous'),
  hours: word('--hours <kind>', 'hours of --session; full has what is before and after', ['regular', 'full'], { shown: 'regular' }),
  tz: text('--tz <zone>', 'zone of times without one, and of the times that are shown: America/New_York, or exchange', { shown: 'UTC' }),
} as const
