import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend } from '@ib-stream/storage'
import { freePort } from '../support/free-port.ts'
import { nodeProgram, TestProgram } from '../support/program.ts'
import { SseClient } from '../support/sse-client.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { waitFor } from '../support/wait-for.ts'
import type { LiveTick } from './check/judge.ts'
import type { Forgotten } from './check/live.ts'
import { WRITERS, type Writer, type WriterName } from './plan.ts'
import { SmallDisk } from './small-disk.ts'

export interface WorldOptions {
  /** Replicas of each backend. */
  replicas: number
  /** Times the 25 to 60 ticks/s that the simulator's model makes of each contract. */
  rate: number
  /** Of each of the two file systems: one for DATA_DIR, one for the store of NATS. */
  diskMegabytes: number
  seed: number
}

/** Five partitions, so that each replica has some. */
export const CONTRACTS = [711280073, 265598, 8314, 756733, 12087792] as const
export const TICK_TYPES = ['bid_ask', 'last', 'mid_point'] as const
const TRACKED = CONTRACTS.map((cid) => `${cid}:C${cid}:${TICK_TYPES.join(';')}:24`).join(',')
/** What each kind of writer writes. */
export const BACKEND_OF: Record<Writer, Backend> = { json: 'json', proto: 'pb', parquet: 'parquet' }

/** Programs may be slow to come up where everything runs on two cores. */
const UP_WITHIN_MS = 90_000
const REFILLED_AFTER_MS = 30_000
/** So little that the keeper trims all the time, and enough for a live client that is cut off for as long as any fault lasts. */
const LOG_KEEP = '20s'
const MS_PER_SECOND = 1_000
const SECONDS_PER_HOUR = 3_600

/** The real services as processes, each with a link of its own to NATS, ingest with one to the gateway too. */
export class World implements AsyncDisposable {
  readonly folder: string
  readonly dataDisk: SmallDisk
  readonly natsDisk: SmallDisk
  readonly truthFile: string
  readonly natsUrl: string
  readonly apiUrl: string
  readonly nats: TestProgram
  readonly simulator: TestProgram
  readonly ingest: TestProgram
  readonly queryApi: TestProgram
  readonly keeper: TestProgram
  readonly writers = new Map<WriterName, TestProgram>()
  readonly links = new Map<string, TcpProxy>()
  readonly lives: SseClient[] = []
  readonly live: LiveTick[] = []
  /** Newest `st` that came live, by stream. */
  readonly newestLiveUs = new Map<string, number>()
  #rolledBackMs = Number.NEGATIVE_INFINITY
  #ingestHealthUrl: string
  #gatewayUrl: string
  #env: Record<string, string>

  static async make(options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-chaos-'))
    const dataDisk = await SmallDisk.open(join(folder, 'data'), options.diskMegabytes)
    const natsDisk = await SmallDisk.open(join(folder, 'nats'), options.diskMegabytes)
    const [natsPort, simPort, controlPort] = [await freePort(), await freePort(), await freePort()]
    const [apiPort, healthPort] = [await freePort(), await freePort()]
    const links = new Map([['gatewayLink', await TcpProxy.start(simPort)]])
    for (const name of ['ingestLink', 'queryApiLink', 'keeperLink', ...writerNames(options.replicas + 1).map((writer) => `${writer}Link`)])
      links.set(name, await TcpProxy.start(natsPort))
    const config = join(folder, 'nats.conf')
    // Without limits of its own the server takes what is free when it starts, and a disk that was full would leave it none.
    const jetstream = `jetstream { store_dir: "${natsDisk.folder}", max_file_store: 20G, sync_interval: 10s }`
    await writeFile(config, `host: 127.0.0.1\nport: ${natsPort}\n${jetstream}\n`)
    return new World({ folder, dataDisk, natsDisk, links, natsPort, simPort, controlPort, apiPort, healthPort, config }, options)
  }

  constructor(ground: Ground, options: WorldOptions) {
    const { folder, dataDisk, natsDisk, links, natsPort, simPort, controlPort, apiPort, healthPort, config } = ground
    this.folder = folder
    this.dataDisk = dataDisk
    this.natsDisk = natsDisk
    this.links = links
    this.truthFile = join(folder, 'truth.jsonl')
    this.natsUrl = `nats://127.0.0.1:${natsPort}`
    this.apiUrl = `http://127.0.0.1:${apiPort}`
    this.#ingestHealthUrl = `http://127.0.0.1:${healthPort}/health`
    this.#gatewayUrl = `http://127.0.0.1:${controlPort}`
    this.#env = {
      DATA_DIR: dataDisk.folder,
      IB_STREAM_BACKENDS: 'json,pb,parquet', // the keeper waits for each
      IB_STREAM_TRACKED_CONTRACTS: TRACKED,
      IB_STREAM_LOG_MAX_BYTES: String(4 * 2 ** 30),
      IB_STREAM_LOG_KEEP: LOG_KEEP,
      KEEPER_EVERY_MS: '2000',
      IB_STREAM_BACKFILL: '0s', // a tick that is filled in later was never sent to us: the truth does not know it
      IB_STREAM_LINES: String(CONTRACTS.length * TICK_TYPES.length),
      IB_STREAM_REQUEST_GUARD_MS: '200',
      SIM_PORT: String(links.get('gatewayLink')?.port),
      IB_HOST: '',
    }
    this.nats = new TestProgram('nats', { command: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', args: ['-c', config] })
    this.simulator = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', {}, [
      ...['--port', String(simPort), '--truth', this.truthFile, '--seed', String(options.seed)],
      ...['--control', String(controlPort), '--lines', '100', '--repeat-seconds', '0'],
      ...['--rate', String(options.rate), '--start-after', String(CONTRACTS.length * TICK_TYPES.length)],
    ])
    this.ingest = this.#service('ingest', 'ingestLink', { HEALTH_PORT: String(healthPort) })
    this.queryApi = this.#service('query-api', 'queryApiLink', { PORT: String(apiPort) })
    this.keeper = this.#service('keeper', 'keeperLink', {})
    for (const name of writerNames(options.replicas + 1))
      this.writers.set(name, this.#service(`writer-${writerOf(name)}`, `${name}Link`, {}))
  }

  #service(service: string, link: string, env: Record<string, string>): TestProgram {
    const url = `nats://127.0.0.1:${this.links.get(link)?.port}`
    return nodeProgram(service, `services/${service}/src/main.ts`, { ...this.#env, NATS_URL: url, ...env })
  }

  /** Starts all but the extra replicas, and returns when ticks flow, live clients listening from the first. */
  async start(replicas: number): Promise<void> {
    for (const program of [this.nats, this.queryApi, this.ingest, this.keeper]) program.start()
    for (const name of writerNames(replicas)) this.writer(name).start()
    await this.waitFor('query-api is ready', async () => (await healthAt(`${this.apiUrl}/health`))?.ready === true)
    for (const cid of CONTRACTS) {
      const url = `${this.apiUrl}/v3/stream/${cid}/live?tick_types=${TICK_TYPES.join(',')}`
      this.lives.push(
        new SseClient(url, ({ cid, tt, st = 0 }, isFromFiles) => {
          const stream = `${cid}_${tt}`
          this.live.push({ stream, st, isFromFiles })
          this.newestLiveUs.set(stream, Math.max(st, this.newestLiveUs.get(stream) ?? 0))
        }),
      )
    }
    await this.waitFor('the live streams stand', () => this.lives.every(({ infos }) => infos.length > 0))
    this.simulator.start()
    await this.waitFor('ingest is ready', async () => (await this.ingestHealth())?.ready === true)
    await this.waitFor('the first live ticks', () => this.live.length > 0)
  }

  /** Times of which live clients were told that the log had forgotten what came. */
  get forgotten(): Forgotten[] {
    return this.lives.flatMap((live, i) => live.forgotten.map((time) => ({ cid: CONTRACTS[i] ?? 0, ...time })))
  }

  writer(name: WriterName): TestProgram {
    const program = this.writers.get(name)
    if (!program) throw new Error(`there is no writer ${name}`)
    return program
  }

  link(name: string): TcpProxy {
    const proxy = this.links.get(name)
    if (!proxy) throw new Error(`there is no link ${name}`)
    return proxy
  }

  /** The log is put back to an older state, or still refilled from the spool. */
  get rolledBackLately(): boolean {
    return performance.now() - this.#rolledBackMs < REFILLED_AFTER_MS
  }

  noteRollBack(): void {
    this.#rolledBackMs = performance.now()
  }

  /** For a while the gateway's stamps are hours behind. */
  async misstamp(ms: number, hours: number): Promise<void> {
    const fault = { fault: 'clock', of: 'ticks', offsetSeconds: -hours * SECONDS_PER_HOUR, seconds: ms / MS_PER_SECOND }
    const response = await fetch(`${this.#gatewayUrl}/faults`, { method: 'POST', body: JSON.stringify(fault) })
    if (response.status !== 201) throw new Error(`the gateway's clock was not moved: ${response.status} ${await response.text()}`)
    await sleep(ms)
  }

  ingestHealth(): Promise<Health | undefined> {
    return healthAt(this.#ingestHealthUrl)
  }

  /** With the last words of every program when it does not come true. */
  async waitFor<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
    return await waitFor(what, look, UP_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.lastWords()}`)
    })
  }

  lastWords(): string {
    return [...this.programs()].map((program) => `--- ${program.name}\n${program.output.slice(-1_500)}`).join('\n')
  }

  /** All that the programs said, for whoever looks for the cause. @returns the folder */
  async keepWords(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'ib-stream-chaos-'))
    await Promise.all([...this.programs()].map((program, i) => writeFile(join(folder, `${i}-${program.name}.log`), program.output)))
    return folder
  }

  *programs(): Iterable<TestProgram> {
    yield* [this.ingest, this.queryApi, this.keeper, ...this.writers.values(), this.simulator, this.nats]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const live of this.lives) await live[Symbol.asyncDispose]()
    for (const program of this.programs()) program.thaw()
    await Promise.all([...this.programs()].filter((program) => program !== this.nats).map((program) => program[Symbol.asyncDispose]()))
    await this.nats[Symbol.asyncDispose]()
    for (const link of this.links.values()) await link[Symbol.asyncDispose]()
    await this.dataDisk[Symbol.asyncDispose]()
    await this.natsDisk[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

interface Ground extends Pick<World, 'folder' | 'dataDisk' | 'natsDisk' | 'links'> {
  natsPort: number
  simPort: number
  controlPort: number
  apiPort: number
  healthPort: number
  config: string
}

interface Health {
  ready: boolean
  parts: Record<string, Record<string, unknown>>
}

async function healthAt(url: string): Promise<Health | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
  return (await response?.json().catch(() => undefined)) as Health | undefined
}

export const writerNames = (replicas: number): WriterName[] =>
  WRITERS.flatMap((writer) => Array.from({ length: replicas }, (_, i): WriterName => `${writer}${i}`))

export const writerOf = (name: WriterName): Writer => WRITERS.find((writer) => name.startsWith(writer)) ?? 'json'
