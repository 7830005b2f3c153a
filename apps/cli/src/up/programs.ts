import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { accountsFile, makeCredentials } from '@ib-stream/bus'
import type { Config } from '@ib-stream/service'
import { leanEnv } from '@ib-stream/service'
import { CliError } from '../errors.ts'
import type { Program } from './child.ts'
import type { Ports } from './ports.ts'

const LOOPBACK = '127.0.0.1'
const NATS_PORT = 4222

const STOP = { intake: 0, work: 1, ground: 2 } as const

export interface Setting {
  config: Config
  /** The project's folder. */
  root: string
  ports: Ports
  env: Record<string, string | undefined>
}

/** The programs that `up` runs, in the order of starting, each with its ports chosen. */
export async function planPrograms(setting: Setting): Promise<{ programs: Program[]; apiUrl: string; natsUrl: string }> {
  const { config, ports } = setting
  const logs = join(config.dataDir, 'logs')
  await mkdir(logs, { recursive: true })
  const nats = await planNats(setting, logs)
  const apiPort = await ports.take('query-api', config.port)
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const apiUrl = `http://${host}:${apiPort}`
  const { credentials } = config.nats
  const shared = { NATS_URL: nats.url, DATA_DIR: config.dataDir, ...(credentials === undefined ? {} : { NATS_CREDENTIALS: credentials }) }
  const sim = config.source === 'simulator' ? await planSimulator(setting, logs, apiPort) : undefined
  const lean = leanEnv(setting.env)
  const service = async (name: string, stopRank: number, more: Record<string, string> = {}): Promise<Program> => {
    const port = await ports.take(`${name}'s health page`, apiPort + 1)
    const env = { ...shared, ...sim?.env, ...more, HEALTH_PORT: String(port) }
    return nodeProgram(setting, {
      name,
      script: `services/${name}/src/main.ts`,
      env,
      logs,
      stopRank,
      healthUrl: `http://${host}:${port}/health`,
      where: `${host}:${port}`,
    })
  }
  const programs = [
    ...(nats.program ? [nats.program] : []),
    ...(sim ? [sim.program] : []),
    await service('ingest', STOP.intake, lean),
    await service('writer-json', STOP.work, lean),
    await service('writer-proto', STOP.work, lean),
    ...(config.backends.includes('parquet') ? [await service('writer-parquet', STOP.work, lean)] : []),
    await service('keeper', STOP.work, lean),
    nodeProgram(setting, {
      name: 'query-api',
      script: 'services/query-api/src/main.ts',
      env: { ...shared, PORT: String(apiPort) },
      logs,
      stopRank: STOP.work,
      healthUrl: `${apiUrl}/health`,
      where: apiUrl,
    }),
  ]
  return { programs, apiUrl, natsUrl: nats.url }
}

/** Our own NATS server, unless NATS_URL names one. */
async function planNats({ config, env, ports }: Setting, logs: string): Promise<{ url: string; program?: Program }> {
  if (env.NATS_URL) return { url: env.NATS_URL }
  const binary = env.IB_STREAM_NATS_SERVER
  if (!binary)
    throw new CliError('IBS_CLI_NO_NATS_SERVER', 'start it by `npm start` or `./ib-stream up`, which find nats-server, or set NATS_URL')
  const { credentials } = config.nats
  if (credentials !== undefined) await makeCredentials(credentials)
  const port = await ports.take('nats', NATS_PORT, LOOPBACK)
  const folder = join(config.dataDir, '.state', 'nats')
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'nats.conf')
  // sync_interval: what a power cut may cost the log; the spool keeps more than that and refills it. max_file_store: the log has its own bound, and by default
  // the server refuses it, also one that it has, where three quarters of the free disk are less (tried on 2.10.27).
  const lines = [
    `listen: "${LOOPBACK}:${port}"`,
    'server_name: ib-stream',
    `pid_file: ${JSON.stringify(join(folder, 'pid'))}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(folder)}`,
    `  sync_interval: ${config.logSyncMs}ms`,
    '  max_file_store: 1TB',
    '}',
    ...(credentials === undefined ? [] : [`include ${JSON.stringify(relative(folder, accountsFile(credentials)))}`]),
    '',
  ]
  await writeFile(file, lines.join('\n'))
  return {
    url: `nats://${LOOPBACK}:${port}`,
    program: {
      name: 'nats',
      command: binary,
      args: ['-c', file],
      env: {},
      logFile: join(logs, 'nats.log'),
      where: `${LOOPBACK}:${port}`,
      stopRank: STOP.ground,
    },
  }
}

async function planSimulator(setting: Setting, logs: string, apiPort: number): Promise<{ program: Program; env: Record<string, string> }> {
  const { ports, config } = setting
  const port = await ports.take('gateway-sim', config.gateway.ports[0] ?? 0, LOOPBACK)
  const healthPort = await ports.take("gateway-sim's health page", apiPort + 1, LOOPBACK)
  const program = nodeProgram(setting, {
    name: 'gateway-sim',
    script: 'libs/gateway-sim/src/main.ts',
    args: ['--host', LOOPBACK, '--port', String(port)],
    env: { HEALTH_PORT: String(healthPort) },
    logs,
    stopRank: STOP.ground,
    healthUrl: `http://${LOOPBACK}:${healthPort}/health`,
    where: `${LOOPBACK}:${port}`,
  })
  return { program, env: { SIM_HOST: LOOPBACK, SIM_PORT: String(port) } }
}

type NodeProgram = Omit<Program, 'command' | 'args' | 'logFile' | 'ipc'> & { script: string; args?: string[]; logs: string }

function nodeProgram({ root }: Setting, { script, args = [], logs, ...program }: NodeProgram): Program {
  const parent = join(root, 'tools/end-with-parent.mjs')
  return {
    ...program,
    command: process.execPath,
    args: ['--import', parent, join(root, script), ...args],
    logFile: join(logs, `${program.name}.log`),
    ipc: true,
  }
}
