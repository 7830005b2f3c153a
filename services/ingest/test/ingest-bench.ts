import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, connectBus } from '@ib-stream/bus'
import { type GatewaySim, type GatewaySimOptions, startGatewaySim } from '@ib-stream/gateway-sim'
import { loadConfig, type Report, type Service } from '@ib-stream/service'
import { Registry } from 'prom-client'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { parseLines } from '../../../test/support/ticks.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { StreamStatus } from '../src/recorder-options.ts'
import { runIngest } from '../src/run-ingest.ts'
import { StateFile } from '../src/state-file.ts'

export interface BenchOptions {
  env?: Record<string, string>
  sim?: GatewaySimOptions
  /** What an earlier run left in `.state/ingest`, by file. */
  state?: Record<string, unknown>
  /** Time of simulator and ingest: when it begins, and how many seconds pass in a real one. */
  clock?: { start: string; rate: number }
}

/** The whole of ingest in this process, with a real nats-server and the simulator; can be stopped and started again on the same folder. */
export class IngestBench implements AsyncDisposable {
  readonly log: { level: string; facts: unknown; text: string }[] = []
  readonly nats: NatsServer
  readonly bus: Bus
  readonly sim: GatewaySim
  readonly metrics = new Registry()
  readonly dataDir: string
  readonly #env: Record<string, string>
  #reports = new Map<string, () => Report>()
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  static async open({ env = {}, sim = {}, state = {}, clock }: BenchOptions = {}): Promise<IngestBench> {
    const dataDir = await mkdtemp(join(tmpdir(), 'ibs-ingest-'))
    for (const [name, value] of Object.entries(state)) new StateFile(join(dataDir, '.state', 'ingest', name)).write(value)
    const nats = await NatsServer.start()
    const bus = await connectBus({ url: nats.url, name: 'test', signal: AbortSignal.timeout(20_000) })
    const start = clock && `${clock.start}@${Date.now()}`
    const gateway = await startGatewaySim({
      port: 0,
      rate: 0.5,
      burstsPerHour: 0,
      repeatSeconds: 0,
      ...(start && { clockStart: start, clockRate: clock.rate }),
      ...sim,
    })
    const bench = new IngestBench(
      dataDir,
      { nats, bus, sim: gateway },
      {
        NATS_URL: nats.url,
        DATA_DIR: dataDir,
        SIM_PORT: String(gateway.port),
        IB_STREAM_REQUEST_GUARD_MS: '0',
        IB_STREAM_LOG_MAX_BYTES: String(2 ** 28),
        ...(start && { CLOCK_START: start, CLOCK_RATE: String(clock.rate) }),
        ...env,
      },
    )
    bench.start()
    return bench
  }

  constructor(dataDir: string, { nats, bus, sim }: { nats: NatsServer; bus: Bus; sim: GatewaySim }, env: Record<string, string>) {
    this.dataDir = dataDir
    this.nats = nats
    this.bus = bus
    this.sim = sim
    this.#env = env
  }

  start(env: Record<string, string> = {}): void {
    this.#stop = new AbortController()
    this.#reports = new Map()
    this.metrics.clear()
    const stopping = this.#stop.signal
    this.#running = runIngest(loadConfig({ ...this.#env, ...env }), this.#service(stopping)).catch((error: unknown) => {
      if (!stopping.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test stops ingest'))
    await this.#running
  }

  /** As after a kill: what ingest says at its end is not said. */
  async killed(): Promise<void> {
    const files = join(this.dataDir, '.state', 'ingest')
    await cp(files, `${files}.then`, { recursive: true })
    await this.stop()
    await rm(files, { recursive: true })
    await rename(`${files}.then`, files)
  }

  part(name: string): Report | undefined {
    return this.#reports.get(name)?.()
  }

  get streams(): readonly StreamStatus[] {
    return (this.part('streams')?.streams ?? []) as StreamStatus[]
  }

  stream(cid: number, tt: string): StreamStatus | undefined {
    return this.streams.find((stream) => stream.cid === cid && stream.tt === tt)
  }

  /** Waits until the stream has more ticks than now. */
  async ticks(cid: number, tt: string): Promise<StreamStatus> {
    const before = this.stream(cid, tt)?.ticks ?? 0
    return await waitFor(`ticks of ${cid} ${tt}`, () => {
      const stream = this.stream(cid, tt)
      return stream !== undefined && stream.ticks > before && stream
    })
  }

  /** What the log of the service has of a kind. */
  notes<Facts>(text: string): Facts[] {
    return this.log.filter((line) => line.text === text).map(({ facts }) => facts as Facts)
  }

  /** Recorder events of a kind that are in the log now. */
  async events<Event = Record<string, unknown>>(kind: string): Promise<Event[]> {
    const { state } = await this.bus.manager.streams.info('TICKS', { subjects_filter: 'ib.events.>' })
    const found: Event[] = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await this.bus.manager.streams.getMessage('TICKS', { seq, next_by_subj: `ib.events.${kind}` } as { seq: number })
      if (!message) break
      found.push(...(parseLines(message.string()) as Event[]))
      seq = message.seq
    }
    return found
  }

  #service(stopping: AbortSignal): Service {
    const at = (level: string) => (facts: unknown, text?: string) =>
      this.log.push(text === undefined ? { level, facts: {}, text: String(facts) } : { level, facts, text })
    const log = Object.fromEntries(
      ['info', 'warn', 'error', 'fatal', 'debug'].map((level) => [level, at(level)]),
    ) as unknown as Service['log']
    return {
      name: 'ingest',
      log,
      metrics: this.metrics,
      stopping,
      healthPort: 0,
      report: (part, read) => void this.#reports.set(part, read),
      health: () => ({ service: 'ingest', state: 'ok', ready: true, uptimeSeconds: 0, parts: {} }),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.sim.close()
    await this.bus.close()
    await this.nats[Symbol.asyncDispose]()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
