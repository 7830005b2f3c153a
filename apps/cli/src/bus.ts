import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, BusError, connectBus } from '@ib-stream/bus'
import type { Command } from 'commander'
import { pathSetting } from './data-dir.ts'
import { CliError } from './errors.ts'

const CONNECT_WITHIN_MS = 5_000

/** Adds `--nats` to a verb that asks ingest. */
export function withNats(command: Command): Command {
  return command.option('--nats <address>', 'where NATS is', process.env.NATS_URL || 'nats://127.0.0.1:4222')
}

/**
 * With the key of NATS_CREDENTIALS, where that is set.
 * @throws CliError `IBS_CLI_NATS_AWAY`; BusError of a key that is missing, no key, or not known to the server; `signal.reason`
 */
export async function openBus(url: string, signal: AbortSignal): Promise<Bus> {
  try {
    return await connectBus({
      url,
      name: 'cli',
      credentials: pathSetting('NATS_CREDENTIALS'),
      caFile: pathSetting('NATS_CA_FILE'),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_WITHIN_MS)]),
    })
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof BusError) throw cause
    throw new CliError(
      'IBS_CLI_NATS_AWAY',
      `no NATS answers at ${url}; start ib-stream with "npm start", or name its address with --nats`,
      { url },
      { cause },
    )
  }
}

/** NATS_URL, or the server that `up` runs on a recording: it may have another port than the usual one. */
export async function natsOf(dataDir: string): Promise<string> {
  if (process.env.NATS_URL) return process.env.NATS_URL
  const conf = await readFile(join(dataDir, '.state/nats/nats.conf'), 'utf8').catch(() => '')
  return `nats://${/^listen: "(.+)"$/m.exec(conf)?.[1] ?? '127.0.0.1:4222'}`
}
