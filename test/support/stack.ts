import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leanEnv } from '@ib-stream/service'
import { freePort } from './free-port.ts'
import { nodeProgram, TestProgram } from './program.ts'
import { waitFor } from './wait-for.ts'

/** A program that does not answer for so long says nothing. */
const ANSWER_MS = 10_000

export interface StackOptions {
  /** `IB_STREAM_TRACKED_CONTRACTS`. */
  tracked: string
  /** Flags of the simulator beyond host, port and truth. */
  simulator: readonly string[]
  /** More settings, of services and simulator. */
  env?: Record<string, string>
}

/** The real services as processes on ports and folders of their own; nothing runs until it is started. */
export class Stack implements AsyncDisposable {
  readonly dataDir: string
  readonly truthFile: string
  readonly apiUrl: string
  readonly natsUrl: string
  readonly nats: TestProgram
  readonly simulator: TestProgram
  readonly ingest: TestProgram
  readonly writerJson: TestProgram
  readonly writerProto: TestProgram
  readonly writerParquet: TestProgram
  /** Started by those alone that ask for it. */
  readonly keeper: TestProgram
  readonly queryApi: TestProgram
  readonly #env: Record<string, string>
  #healthUrls: Map<TestProgram, string>

  static async make(options: StackOptions): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-stack-'))
    const ports = await Promise.all(Array.from({ length: 9 }, freePort))
    return new Stack(folder, ports, options)
  }

  constructor(dataDir: string, [nats = 0, sim = 0, api = 0, ...health]: number[], options: StackOptions) {
    this.dataDir = dataDir
    this.truthFile = join(dataDir, 'truth.jsonl')
    this.apiUrl = `http://127.0.0.1:${api}`
    this.natsUrl = `nats://127.0.0.1:${nats}`
    const env = {
      ...leanEnv({}), // as `up` runs them
      NATS_URL: this.natsUrl,
      DATA_DIR: dataDir,
      SIM_PORT: String(sim),
      PORT: String(api),
      IB_STREAM_TRACKED_CONTRACTS: options.tracked,
      IB_HOST: '',
      IB_STREAM_REQUEST_GUARD_MS: '0', // what is killed here comes back at once
      IB_STREAM_BACKFILL: '0s', // what is filled in later was never sent to us: the truth does not know it
      ...options.env,
    }
    this.#env = env
    const service = (name: string, i: number) =>
      nodeProgram(name, `services/${name}/src/main.ts`, { ...env, HEALTH_PORT: String(health[i] ?? 0) })
    this.nats = new TestProgram('nats', {
      command: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server',
      args: ['-js', '-a', '127.0.0.1', '-p', String(nats), '-sd', join(dataDir, '.state/nats')],
    })
    this.simulator = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', options.env ?? {}, [
      '--port',
      String(sim),
      '--truth',
      this.truthFile,
      // Tests ask for more than five at once, and again within seconds.
      '--lines',
      '100',
      '--repeat-seconds',
      '0',
      ...options.simulator,
    ])
    this.ingest = service('ingest', 0)
    this.writerJson = service('writer-json', 1)
    this.writerProto = service('writer-proto', 2)
    this.queryApi = service('query-api', 3)
    this.writerParquet = service('writer-parquet', 4)
    this.keeper = service('keeper', 5)
    this.#healthUrls = new Map([
      [this.ingest, `http://127.0.0.1:${health[0]}/health`],
      [this.writerJson, `http://127.0.0.1:${health[1]}/health`],
      [this.writerProto, `http://127.0.0.1:${health[2]}/health`],
      [this.writerParquet, `http://127.0.0.1:${health[4]}/health`],
      [this.keeper, `http://127.0.0.1:${health[5]}/health`],
      [this.queryApi, `${this.apiUrl}/health`],
    ])
  }

  /** One more process of a service, which is the caller's. */
  replica(service: string): TestProgram {
    return nodeProgram(service, `services/${service}/src/main.ts`, { ...this.#env, HEALTH_PORT: '0' })
  }

  /** In the order in which they are started. */
  get all(): readonly TestProgram[] {
    return [this.nats, this.simulator, this.ingest, this.writerJson, this.writerProto, this.writerParquet, this.queryApi]
  }

  async health(program: TestProgram): Promise<Record<string, unknown> | undefined> {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(this.#healthUrls.get(program) ?? '', { signal }).catch(() => undefined)
    return (await response?.json().catch(() => undefined)) as Record<string, unknown> | undefined
  }

  metricsUrl(program: TestProgram): string {
    return (this.#healthUrls.get(program) ?? '').replace('/health', '/metrics')
  }

  /** Waits until the program says of itself that it can do its work. */
  async ready(program: TestProgram, deadlineMs?: number): Promise<void> {
    const isReady = async () => (await this.health(program))?.ready === true
    await waitFor(`${program.name} is ready`, isReady, deadlineMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${program.output.slice(-4_000)}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const services = [this.ingest, this.writerJson, this.writerProto, this.writerParquet, this.keeper, this.queryApi]
    for (const program of [...services, this.simulator, this.nats]) await program[Symbol.asyncDispose]()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
