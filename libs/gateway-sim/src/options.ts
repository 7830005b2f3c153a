import { type Clock, systemClock } from './clock.ts'
import { GatewaySimError } from './errors.ts'
import { type Log, silentLog } from './log.ts'
import { MAX_SERVER_VERSION, MIN_SERVER_VERSION } from './wire/handshake.ts'

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
  /** File of v3 JSON lines (plain or `.gz`) to play instead of the model. */
  readonly replay?: string
  /** Multiple of the recorded pace (by `st`), or `max`: as fast as the sockets are read. @default 1 */
  readonly speed?: number | 'max'
  /** Leaves the stamps of the replay as recorded; otherwise the last one becomes the second in which the tape starts. @default false */
  readonly keepTimes?: boolean
  /** The tape waits while nobody is subscribed, instead of going on like a market. @default false */
  readonly hold?: boolean
  /** Subscriptions that must stand before the tape starts. @default 1 */
  readonly startAfter?: number
  /** File to append a line to for each tick handed to a socket: v3 keys without `st`. */
  readonly truth?: string
  /** Newest protocol spoken, 176 to 193. @default 193 */
  readonly maxVersion?: number
  /** Accounts that the gateway manages. @default ['DU1234567'] */
  readonly accounts?: readonly string[]
  /** Unsent bytes above which a client is slow and its socket destroyed. @default 8 MiB */
  readonly slowClientBytes?: number
  /** @default silence */
  readonly log?: Log
  /** @default the machine's clocks */
  readonly clock?: Clock
}

/** Every option with its value. */
export type ResolvedOptions = Readonly<Required<Omit<GatewaySimOptions, 'replay' | 'truth'>>> & Pick<GatewaySimOptions, 'replay' | 'truth'>

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4002,
  seed: 1,
  rate: 1,
  speed: 1,
  keepTimes: false,
  hold: false,
  startAfter: 1,
  maxVersion: MAX_SERVER_VERSION,
  accounts: ['DU1234567'],
  slowClientBytes: 8 * 1024 * 1024,
  log: silentLog,
  clock: systemClock,
} as const

/**
 * Fills in the defaults.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID with every problem at once, by flag name
 */
export function resolveOptions(options: GatewaySimOptions): ResolvedOptions {
  const resolved: ResolvedOptions = { ...DEFAULTS, ...options }
  const problems = problemsOf(resolved)
  if (problems.length > 0) throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${problems.join('; ')}. Correct the options`, { problems })
  return Object.freeze(resolved)
}

function problemsOf(options: ResolvedOptions): string[] {
  const integer = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max
  const positive = (value: number) => Number.isFinite(value) && value > 0
  const rules: readonly (readonly [flag: string, value: unknown, holds: boolean, rule: string])[] = [
    ['--port', options.port, integer(options.port, 0, 65_535), 'an integer from 0 to 65535'],
    ['--seed', options.seed, integer(options.seed, 0, Number.MAX_SAFE_INTEGER), 'an integer from 0 on'],
    ['--rate', options.rate, positive(options.rate), 'a number above 0'],
    ['--speed', options.speed, options.speed === 'max' || positive(options.speed), 'a number above 0, or max'],
    ['--start-after', options.startAfter, integer(options.startAfter, 1, 10_000), 'an integer from 1 on'],
    ['--max-version', options.maxVersion, integer(options.maxVersion, MIN_SERVER_VERSION, MAX_SERVER_VERSION), 'from 176 to 193'],
    ['slowClientBytes', options.slowClientBytes, positive(options.slowClientBytes), 'a number of bytes above 0'],
    ['accounts', options.accounts.join(), options.accounts.length > 0, 'at least one account'],
  ]
  return rules.filter(([, , holds]) => !holds).map(([flag, value, , rule]) => `${flag} must be ${rule}, not ${String(value)}`)
}
