import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { trackedCid } from '@ib-stream/model'
import { type Config, loadConfig } from '@ib-stream/service'
import { tryLock } from 'fs-native-extensions'
import { examine } from '../doctor/examine.ts'
import { findingLine } from '../doctor/finding-line.ts'
import { CliError } from '../errors.ts'
import type { Style } from '../output/output.ts'
import { Child } from './child.ts'
import { Ports } from './ports.ts'
import { planPrograms } from './programs.ts'
import { forgetRunning, type Running, writeRunning } from './running.ts'
import { look, Screen, type Seen, statusLines } from './screen.ts'

const LOOK_EVERY_MS = 1_000
/** Off a terminal the table is printed this often, and on each change of a state. */
const PRINT_EVERY_MS = 10_000

/**
 * Runs everything as child processes until SIGINT, SIGTERM or SIGHUP: NATS, the simulator (without IB_HOST), ingest, writers, query-api. Shows a line for
 * each, restarts what dies, and on the signal drains them in order: intake, writers and API, then the ground under them.
 */
export async function up(root: string): Promise<void> {
  goHome(root)
  const config = loadConfig(process.env)
  const screen = new Screen(process.stdout)
  const say = (line: string) => screen.say(line)
  await using lock = await lockDataDir(config.dataDir)
  void lock
  await endStrayNats(config.dataDir, say)
  const { programs, apiUrl, natsUrl } = await planPrograms({ config, root, ports: new Ports(config.host, say), env: process.env })
  const children = programs.map((program) => new Child(program, say))
  const stopped = untilSignal(say)
  say(
    `ib-stream · ${config.source === 'simulator' ? 'SIMULATOR' : `gateway ${config.gateway.host}`} · files in ${relative(here, config.dataDir) || '.'}`,
  )
  if (config.source === 'gateway') await sayWhatIsInTheWay(config, screen)
  for (const child of children) await child.start()
  const noting = noteRunning(config.dataDir, children, { pid: process.pid, apiUrl, natsUrl, since: new Date().toISOString() })
  const watching = watch(children, screen, { hint: hints(config, apiUrl), note: () => noting.note() })
  await stopped
  watching.stop()
  await drain(children)
  await noting.end()
  say('stopped')
}

/** Where the user stands: paths are shown from here. */
const here = process.cwd()

/**
 * Started from any folder it is the same installation: .env and the default folders are those of the project. Only a DATA_DIR that the user gives with the
 * command counts from where they stand.
 */
function goHome(root: string): void {
  if (process.env.DATA_DIR) process.env.DATA_DIR = resolve(process.env.DATA_DIR)
  process.chdir(root)
  if (existsSync('.env')) process.loadEnvFile('.env')
}

/** Two on one folder would start two logs on one store. */
async function lockDataDir(dataDir: string): Promise<AsyncDisposable> {
  const folder = join(dataDir, '.state')
  await mkdir(folder, { recursive: true })
  const handle = await open(join(folder, 'up.lock'), 'a+')
  if (tryLock(handle.fd)) return { [Symbol.asyncDispose]: () => handle.close() }
  await handle.close()
  throw new CliError('IBS_CLI_ALREADY_RUNNING', `ib-stream is already running on ${dataDir}; stop it, or set another DATA_DIR`, { dataDir })
}

/** A nats-server of ours whose `up` was killed still holds the store: it is stopped before a new one opens it. */
async function endStrayNats(dataDir: string, say: (line: string) => void): Promise<void> {
  const pid = Number(await readFile(join(dataDir, '.state', 'nats', 'pid'), 'utf8').catch(() => ''))
  if (!pid) return
  const isOurs = async () =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(join(dataDir, '.state', 'nats', 'nats.conf'))
  if (!(await isOurs())) return
  say(`a nats-server of an earlier start is still running (pid ${pid}): stopping it`)
  process.kill(pid, 'SIGTERM')
  while (await isOurs()) await new Promise((resolve) => setTimeout(resolve, 50))
}

function untilSignal(say: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      say('stopping …')
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, stop)
      process.on(signal, () => undefined) // a second one does not cut the draining short
    }
  })
}

interface Watching {
  hint(seen: ReadonlyMap<string, Seen>): string[] | undefined
  note(): Promise<void>
}

function watch(children: readonly Child[], screen: Screen, { hint, note }: Watching): { stop(): void } {
  const seen = new Map<string, Seen>()
  let printedMs = Number.NEGATIVE_INFINITY
  let hinted = false
  let busy = false
  const turn = async () => {
    if (busy) return
    busy = true
    const before = [...seen.values()].map(({ state }) => state).join()
    await Promise.all([note(), ...children.map(async (child) => seen.set(child.program.name, await look(child)))])
    busy = false
    const changed = before !== [...seen.values()].map(({ state }) => state).join()
    const lines = statusLines(children, seen)
    if (screen.live) screen.show(lines)
    else if (changed || performance.now() - printedMs > PRINT_EVERY_MS) {
      for (const line of lines) screen.say(line)
      printedMs = performance.now()
    }
    const words = hinted ? undefined : hint(seen)
    for (const line of words ?? []) screen.say(line)
    hinted ||= words !== undefined
  }
  const timer = setInterval(() => void turn(), LOOK_EVERY_MS)
  void turn()
  return { stop: () => clearInterval(timer) }
}

const GATEWAY_WITHIN_MS = 3_000

/** A short look before the start. Nothing of it keeps recording from beginning: what is in the way now may be gone soon. */
async function sayWhatIsInTheWay(config: Config, screen: Screen): Promise<void> {
  const out = { paint: (style: Style, text: string) => styleText(style, text, { stream: process.stdout }) }
  for await (const finding of examine({ config, when: 'before start', withinMs: GATEWAY_WITHIN_MS }))
    if (finding.state === 'fail' || finding.state === 'warn') for (const line of findingLine(out, finding).split('\n')) screen.say(line)
}

/** Keeps the file by which other commands find what runs. It is for them only: where it cannot be written (a full disk), recording goes on. */
function noteRunning(
  dataDir: string,
  children: readonly Child[],
  head: Omit<Running, 'programs'>,
): { note(): Promise<void>; end(): Promise<void> } {
  let noted = ''
  let writing = Promise.resolve()
  const write = async () => {
    const programs = children.map(({ program: { name, where, healthUrl, logFile }, pid, restarts, sinceMs }) => {
      return { name, pid, restarts, since: sinceMs === undefined ? undefined : new Date(sinceMs).toISOString(), where, healthUrl, logFile }
    })
    const text = JSON.stringify(programs)
    if (text === noted) return
    noted = text
    await writeRunning(dataDir, { ...head, programs }).catch(() => {
      noted = ''
    })
  }
  const note = () => {
    writing = writing.then(write)
    return writing
  }
  return { note, end: () => writing.then(() => forgetRunning(dataDir)) }
}

/** Where the other verbs look when they are not told. */
const USUAL_URL = 'http://127.0.0.1:8851'

/** Once everything is well: the address and what to try. */
function hints(config: Config, apiUrl: string): (seen: ReadonlyMap<string, Seen>) => string[] | undefined {
  const { tickTypes = [], ...first } = config.tracked.find((one) => trackedCid(one) !== undefined) ?? { name: '0' }
  const cid = trackedCid(first) ?? 0
  const types = tickTypes.join(',')
  const tail = `./ib-stream tail ${cid}${apiUrl === USUAL_URL ? '' : ` --url ${apiUrl}`}`
  return (seen) => {
    const ingest = seen.get('ingest')
    // A real market may be closed for days; the simulator's never is.
    const works = (ingest?.ticks ?? 0) > 0 || (config.source === 'gateway' && ingest?.state === 'ok')
    if (!works || !seen.get('query-api')?.ready) return undefined
    return [
      `ready: ${apiUrl}   (health and metrics of the other services: the addresses beside them; logs: ${join(relative(here, config.dataDir), 'logs')})`,
      'try:',
      `  ${tail}`,
      `  curl '${apiUrl}/v3/buffer/${cid}/query?tick_types=${types}&buffer_duration=5m&format=ndjson'`,
      `  curl -N '${apiUrl}/v3/stream/${cid}/live?tick_types=${types}'`,
    ]
  }
}

async function drain(children: readonly Child[]): Promise<void> {
  const ranks = [...new Set(children.map(({ program }) => program.stopRank))].sort((a, b) => a - b)
  for (const rank of ranks) await Promise.all(children.filter(({ program }) => program.stopRank === rank).map((child) => child.stop()))
}
