import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, BusError, connectBus } from '@ib-stream/bus'
import { dataDirOf, pathSetting } from './data-dir.ts'
import { CliError } from './errors.ts'

const CONNECT_WITHIN_MS = 5_000

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

/** `--nats`, else NATS_URL, else the server that `up` runs on a recording: it may have another port than the usual one. */
export async function natsOf(option: string | undefined, dataDir = dataDirOf(undefined)): Promise<string> {
  const given = option ?? process.env.NATS_URL
  if (given !== undefined && given !== '') return given
  const conf = await readFile(join(dataDir, '.state/nats/nats.conf'), 'utf8').catch(() => '')
  return `nats://${/^listen: "(.+)"$/m.exec(conf)?.[1] ?? '127.0.0.1:4222'}`
}
