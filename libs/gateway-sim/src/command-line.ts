import { parseArgs } from 'node:util'
import { GatewaySimError, messageOf } from './errors.ts'
import type { GatewaySimOptions } from './options.ts'

/** What the command line and the environment ask for. */
export interface Command {
  readonly help: boolean
  readonly options: GatewaySimOptions
  /** Leave when the replay is over and the sockets are drained. */
  readonly exitAtEnd: boolean
  /** Where health and metrics are served; undefined: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | undefined
}

export const USAGE = `A simulated Interactive Brokers Gateway that speaks the TWS protocol.

Usage: node libs/gateway-sim/src/main.ts [flags]

  --host ADDRESS     address to listen on (127.0.0.1)
  --port N           TCP port, 0 picks a free one (4002)
  --seed N           seed of the market model (1)
  --rate X           multiplies the model's 25 to 60 ticks/s a contract (1)
  --replay FILE      play v3 JSON lines, plain or .gz, instead of the model
  --speed N|max      multiple of the recorded pace, or as fast as the reader takes it (1)
  --keep-times       leave the recorded stamps; else the last tick is now
  --hold             the tape waits while nobody is subscribed; else it goes on like a market
  --start-after N    subscriptions that must stand before the tape starts (1)
  --exit-at-end      leave when the replay is over
  --truth FILE       append one JSON line for each tick handed to a socket
  --max-version N    newest protocol spoken, 176 to 193 (193)
  --help             this text

Environment: HEALTH_PORT serves GET /health and GET /metrics on HEALTH_HOST (127.0.0.1).
`

const FLAGS = {
  host: { type: 'string' },
  port: { type: 'string' },
  seed: { type: 'string' },
  rate: { type: 'string' },
  replay: { type: 'string' },
  speed: { type: 'string' },
  'keep-times': { type: 'boolean' },
  hold: { type: 'boolean' },
  'start-after': { type: 'string' },
  'exit-at-end': { type: 'boolean' },
  truth: { type: 'string' },
  'max-version': { type: 'string' },
  help: { type: 'boolean' },
} as const

/**
 * Reads flags and environment; ranges are checked where the simulator starts.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID that names the flag
 */
export function parseCommandLine(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const flags = flagsOf(args)
  const healthPort = env.HEALTH_PORT === undefined || env.HEALTH_PORT === '' ? undefined : numeric('HEALTH_PORT', env.HEALTH_PORT)
  return {
    help: flags.help === true,
    exitAtEnd: flags['exit-at-end'] === true,
    health: healthPort === undefined ? undefined : { host: env.HEALTH_HOST ?? '127.0.0.1', port: healthPort },
    options: {
      ...(flags.host !== undefined && { host: flags.host }),
      ...(flags.port !== undefined && { port: numeric('--port', flags.port) }),
      ...(flags.seed !== undefined && { seed: numeric('--seed', flags.seed) }),
      ...(flags.rate !== undefined && { rate: numeric('--rate', flags.rate) }),
      ...(flags.replay !== undefined && { replay: flags.replay }),
      ...(flags.speed !== undefined && { speed: flags.speed === 'max' ? 'max' : numeric('--speed', flags.speed) }),
      ...(flags['start-after'] !== undefined && { startAfter: numeric('--start-after', flags['start-after']) }),
      ...(flags['max-version'] !== undefined && { maxVersion: numeric('--max-version', flags['max-version']) }),
      ...(flags.truth !== undefined && { truth: flags.truth }),
      keepTimes: flags['keep-times'] === true,
      hold: flags.hold === true,
    },
  }
}

function flagsOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values
  } catch (cause) {
    throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${messageOf(cause)}. --help lists the flags`, {}, cause)
  }
}

function numeric(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value)) return value
  throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `${name} must be a number, not "${text}". --help lists the flags`, {
    flag: name,
    value: text,
  })
}
