import { parseArgs } from 'node:util'
import { GatewaySimError, messageOf } from './errors.ts'
import type { FaultOrder } from './fault/fault-desk.ts'
import type { GatewaySimOptions } from './options.ts'

/** What the command line and the environment ask for. */
export interface Command {
  readonly help: boolean
  readonly options: GatewaySimOptions
  /** Leave when the replay is over and the sockets are drained. */
  readonly exitAtEnd: boolean
  /** Where health, metrics and faults are served; undefined: nowhere. */
  readonly control: { readonly host: string; readonly port: number } | undefined
  /** Order a fault of a simulator that runs, instead of running one: `fault NAME [SETTING=VALUE …]`. */
  readonly order: { readonly url: string; readonly fault: FaultOrder } | undefined
}

export const USAGE = `A simulated Interactive Brokers Gateway that speaks the TWS protocol.

Usage: node libs/gateway-sim/src/main.ts [flags]
       node libs/gateway-sim/src/main.ts fault NAME [SETTING=VALUE ...] [--url URL]

  --host ADDRESS     address to listen on (127.0.0.1)
  --port N           TCP port, 0 picks a free one (4002)
  --control N        port of health, metrics and faults over HTTP (HEALTH_PORT; else none)
  --max-version N    newest protocol spoken, 176 to 193 (193)

  --seed N           seed of the market model (1)
  --rate X           multiplies the model's 25 to 60 ticks/s a contract (1)
  --hours WHICH      always: trades day and night; exchange: keeps the trading hours (always)
  --halts X          halts of a contract in a day, on average (0)
  --bursts X         bursts of thousands of ticks in a second, of a contract in an hour (1)

  --replay FILE      play v3 JSON lines, plain or .gz, instead of the model
  --speed N|max      multiple of the recorded pace, or as fast as the reader takes it (1)
  --keep-times       leave the recorded stamps; else the last tick is now
  --hold             the replay waits while nobody is subscribed; else it goes on like a market
  --start-after N    subscriptions that must stand before the tape starts (1)
  --exit-at-end      leave when the replay is over
  --truth FILE       append one JSON line for each tick handed to a socket

  --lines N          tick-by-tick requests that may stand at once (5)
  --repeat-seconds X seconds before the same may be asked for again (15)
  --messages-per-second N  messages that a client may send, 0: any number (50)
  --clock-start TIME[@MS]  the time, ISO 8601 with zone, at start or at a real moment, ms (CLOCK_START)
  --clock-rate X     seconds that pass in one second from there on (CLOCK_RATE; else 1)
  --scenario FILE    faults and their times, JSON

  --url URL          with fault: where --control serves (http://127.0.0.1:8852)
  --help             this text

Environment: HEALTH_PORT is --control, on HEALTH_HOST (127.0.0.1).
`

const FLAGS = {
  host: { type: 'string' },
  port: { type: 'string' },
  control: { type: 'string' },
  'max-version': { type: 'string' },
  seed: { type: 'string' },
  rate: { type: 'string' },
  hours: { type: 'string' },
  halts: { type: 'string' },
  bursts: { type: 'string' },
  replay: { type: 'string' },
  speed: { type: 'string' },
  'keep-times': { type: 'boolean' },
  hold: { type: 'boolean' },
  'start-after': { type: 'string' },
  'exit-at-end': { type: 'boolean' },
  truth: { type: 'string' },
  lines: { type: 'string' },
  'repeat-seconds': { type: 'string' },
  'messages-per-second': { type: 'string' },
  'clock-start': { type: 'string' },
  'clock-rate': { type: 'string' },
  scenario: { type: 'string' },
  url: { type: 'string' },
  help: { type: 'boolean' },
} as const

/** Where `npm start` usually serves the simulator's health page. */
const USUAL_URL = 'http://127.0.0.1:8852'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads flags and environment; ranges are checked where the simulator starts.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID that names the flag
 */
export function parseCommandLine(args: readonly string[], env: Environment): Command {
  const { values: flags, positionals } = parse(args)
  const set = (name: string) => (env[name] === '' ? undefined : env[name])
  const clockStart = flags['clock-start'] ?? set('CLOCK_START')
  const clockRate = flags['clock-rate'] ?? (clockStart === undefined ? undefined : set('CLOCK_RATE'))
  const control = flags.control ?? set('HEALTH_PORT')
  return {
    help: flags.help === true,
    exitAtEnd: flags['exit-at-end'] === true,
    control: control === undefined ? undefined : { host: set('HEALTH_HOST') ?? '127.0.0.1', port: port('--control', control) },
    order: positionals.length === 0 ? undefined : { url: address(flags.url ?? USUAL_URL), fault: orderOf(positionals) },
    options: {
      ...numbers(flags),
      ...(flags.host !== undefined && { host: flags.host }),
      ...(flags.hours !== undefined && { hours: flags.hours as 'always' | 'exchange' }),
      ...(flags.replay !== undefined && { replay: flags.replay }),
      ...(flags.speed !== undefined && { speed: flags.speed === 'max' ? 'max' : numeric('--speed', flags.speed) }),
      ...(flags.truth !== undefined && { truth: flags.truth }),
      ...(flags.scenario !== undefined && { scenario: flags.scenario }),
      ...(clockStart !== undefined && { clockStart }),
      ...(clockRate !== undefined && { clockRate: numeric('--clock-rate', clockRate) }),
      keepTimes: flags['keep-times'] === true,
      hold: flags.hold === true,
    },
  }
}

/** Flags that are numbers, with the options that they set. */
const NUMERIC_FLAGS = {
  port: 'port',
  'max-version': 'maxVersion',
  seed: 'seed',
  rate: 'rate',
  halts: 'haltsPerDay',
  bursts: 'burstsPerHour',
  'start-after': 'startAfter',
  lines: 'lines',
  'repeat-seconds': 'repeatSeconds',
  'messages-per-second': 'messagesPerSecond',
} as const

function numbers(flags: Readonly<Record<string, string | boolean | undefined>>): GatewaySimOptions {
  return Object.fromEntries(
    Object.entries(NUMERIC_FLAGS)
      .filter(([flag]) => flags[flag] !== undefined)
      .map(([flag, option]) => [option, numeric(`--${flag}`, String(flags[flag]))]),
  )
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })
  } catch (cause) {
    throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${messageOf(cause)}. --help lists the flags`, {}, cause)
  }
}

function orderOf([verb, name, ...settings]: readonly string[]): FaultOrder {
  const wrong = settings.find((setting) => !setting.includes('='))
  if (verb !== 'fault' || name === undefined || wrong !== undefined) {
    const what = verb !== 'fault' ? verb : (wrong ?? 'a fault without name')
    throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${what} is not understood; write fault NAME SETTING=VALUE. --help lists the flags`)
  }
  const pairs = settings.map((setting) => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)])
  return { ...Object.fromEntries(pairs), fault: name }
}

function port(name: string, text: string): number {
  const value = numeric(name, text)
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${name} must be an integer from 0 to 65535, not ${text}`, {
    flag: name,
    value: text,
  })
}

function address(url: string): string {
  if (URL.canParse('/faults', url)) return url
  throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `--url must be like ${USUAL_URL}, not "${url}"`, { flag: '--url', value: url })
}

function numeric(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value)) return value
  throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${name} must be a number, not "${text}". --help lists the flags`, {
    flag: name,
    value: text,
  })
}
