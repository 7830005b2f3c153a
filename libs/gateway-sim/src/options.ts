import { type Clock, type ClockStart, openClock, parseClockStart, systemClock } from './clock.ts'
import { GatewaySimError } from './errors.ts'
import { type Log, silentLog } from './log.ts'
import type { MarketHours } from './market/model/intensity.ts'
import { MAX_SERVER_VERSION, MIN_CONFIGURABLE_VERSION } from './wire/handshake.ts'

/** How a simulated gateway is set up. Fields have the names of the flags of `src/main.ts`. */
export interface GatewaySimOptions {
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string
  /** TCP port, 0 picks a free one. @default 4002, where IB Gateway has its paper account */
  readonly port?: number
  /** Seed of the market model; the same seed gives a contract the same tape. @default 1 */
  readonly seed?: number
  /** Multiplies the market model's 25 to 60 ticks per second and contract. @default 1 */
  readonly rate?: number
  /** `always`: the model trades day and night, more quietly outside the liquid hours; `exchange`: in the contract's trading hours only. @default 'always' */
  readonly hours?: MarketHours
  /** Halts of a contract in a day, on average; of five minutes, in its liquid hours. @default 0 */
  readonly haltsPerDay?: number
  /** Bursts of 1000 to 5000 ticks within a second, of a contract in an hour, on average. @default 1 */
  readonly burstsPerHour?: number
  /** File of v3 JSON lines (plain or `.gz`) to play instead of the model. */
  readonly replay?: string
  /** Multiple of the recorded pace (by `st`), or `max`: as fast as the sockets are read. @default 1 */
  readonly speed?: number | 'max'
  /** Leaves the stamps of the replay as recorded; otherwise the last one becomes the second in which the tape starts. @default false */
  readonly keepTimes?: boolean
  /** A replay waits while nobody is subscribed, instead of going on like a market. @default false */
  readonly hold?: boolean
  /** Subscriptions that must stand before the tape starts. @default 1 */
  readonly startAfter?: number
  /** File to append a line to for each tick handed to a socket: v3 keys without `st`, and the `client` that got it. */
  readonly truth?: string
  /** Newest protocol spoken, 176 to 193. @default 193 */
  readonly maxVersion?: number
  /** Accounts that the gateway manages. @default ['DU1234567'] */
  readonly accounts?: readonly string[]
  /** Tick-by-tick requests that may stand at once, over all clients. @default 5 */
  readonly lines?: number
  /** Seconds before the same kind of the same instrument may be asked for again; 0: at once. @default 15 */
  readonly repeatSeconds?: number
  /** Messages that a client may send in a second; 0: any number. @default 50 */
  readonly messagesPerSecond?: number
  /** Time at which the clock starts, ISO 8601 with its zone; after `@` the real moment (ms since 1970) at which it was that time. @default the machine's */
  readonly clockStart?: string
  /** How many seconds pass on the clock in one second; only together with clockStart. @default 1 */
  readonly clockRate?: number
  /** File of faults and their times, see docs/reference/gateway-sim.md. */
  readonly scenario?: string
  /** Unsent bytes above which a client is slow and its socket destroyed. @default 8 MiB */
  readonly slowClientBytes?: number
  /** @default silence */
  readonly log?: Log
  /** Instead of clockStart and clockRate. */
  readonly clock?: Clock
}

type Unset = 'replay' | 'truth' | 'scenario'

/** Every option with its value. */
export type ResolvedOptions = Readonly<Required<Omit<GatewaySimOptions, Unset | 'clockStart' | 'clockRate'>>> &
  Pick<GatewaySimOptions, Unset>

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4002,
  seed: 1,
  rate: 1,
  hours: 'always',
  haltsPerDay: 0,
  burstsPerHour: 1,
  speed: 1,
  keepTimes: false,
  hold: false,
  startAfter: 1,
  maxVersion: MAX_SERVER_VERSION,
  accounts: ['DU1234567'],
  lines: 5,
  repeatSeconds: 15,
  messagesPerSecond: 50,
  slowClientBytes: 8 * 1024 * 1024,
  log: silentLog,
} as const

/**
 * Fills in the defaults.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID with every problem at once, by flag name
 */
export function resolveOptions({ clockStart, clockRate = 1, ...options }: GatewaySimOptions): ResolvedOptions {
  const start = clockStart === undefined ? undefined : parseClockStart(clockStart, systemClock.wallUs())
  const problems = [...problemsOf({ ...DEFAULTS, ...options }), ...clockProblems({ clockStart, start, rate: clockRate })]
  if (problems.length > 0) throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${problems.join('; ')}. Correct the options`, { problems })
  return Object.freeze({ ...DEFAULTS, clock: openClock(start, clockRate), ...options })
}

interface ClockGiven {
  readonly clockStart: string | undefined
  readonly start: ClockStart | undefined
  readonly rate: number
}

function clockProblems({ clockStart, start, rate }: ClockGiven): string[] {
  const form = 'a time with its zone like 2026-11-25T23:40:00Z, optionally @ and the ms at which it was that time'
  return [
    ...(clockStart !== undefined && start === undefined ? [`--clock-start must be ${form}, not ${clockStart}`] : []),
    ...(Number.isFinite(rate) && rate > 0 && rate <= 10_000 ? [] : [`--clock-rate must be a number above 0, at most 10000, not ${rate}`]),
    ...(clockStart === undefined && rate !== 1 ? ['--clock-rate counts only together with --clock-start'] : []),
  ]
}

function problemsOf(options: Omit<ResolvedOptions, 'clock'>): string[] {
  const integer = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max
  const positive = (value: number) => Number.isFinite(value) && value > 0
  const upTo = (value: number, max: number) => value >= 0 && value <= max
  const rules: readonly (readonly [flag: string, value: unknown, holds: boolean, rule: string])[] = [
    ['--port', options.port, integer(options.port, 0, 65_535), 'an integer from 0 to 65535'],
    ['--seed', options.seed, integer(options.seed, 0, Number.MAX_SAFE_INTEGER), 'an integer from 0 on'],
    ['--rate', options.rate, positive(options.rate), 'a number above 0'],
    ['--hours', options.hours, ['always', 'exchange'].includes(options.hours), 'always or exchange'],
    ['--halts', options.haltsPerDay, upTo(options.haltsPerDay, 50), 'a number from 0 to 50'],
    ['--bursts', options.burstsPerHour, upTo(options.burstsPerHour, 50), 'a number from 0 to 50'],
    ['--speed', options.speed, options.speed === 'max' || positive(options.speed), 'a number above 0, or max'],
    ['--start-after', options.startAfter, integer(options.startAfter, 1, 10_000), 'an integer from 1 on'],
    ['--max-version', options.maxVersion, integer(options.maxVersion, MIN_CONFIGURABLE_VERSION, MAX_SERVER_VERSION), 'from 176 to 193'],
    ['--lines', options.lines, integer(options.lines, 0, 10_000), 'an integer from 0 to 10000'],
    ['--repeat-seconds', options.repeatSeconds, upTo(options.repeatSeconds, 3600), 'a number from 0 to 3600'],
    ['--messages-per-second', options.messagesPerSecond, integer(options.messagesPerSecond, 0, 1_000_000), 'an integer from 0 on'],
    ['slowClientBytes', options.slowClientBytes, positive(options.slowClientBytes), 'a number of bytes above 0'],
    ['accounts', options.accounts.join(), options.accounts.length > 0, 'at least one account'],
  ]
  return rules.filter(([, , holds]) => !holds).map(([flag, value, , rule]) => `${flag} must be ${rule}, not ${String(value)}`)
}
