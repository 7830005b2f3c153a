import { readFile } from 'node:fs/promises'
import { leanEnv } from '@ib-stream/service'
import { freePort } from '../../test/support/free-port.ts'
import { nodeProgram, type TestProgram } from '../../test/support/program.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { Ground } from '../bus/ground.ts'
import { cpuUs } from '../bus/part.ts'

/** A machine that does much else besides starts a process in half a minute. */
const STARTED_WITHIN_MS = 120_000

/** A nats-server, and query-api over a data folder, run as `npm start` runs it; both processes of their own. */
export class QueryGround implements AsyncDisposable {
  readonly ground: Ground
  readonly url: string
  readonly #api: TestProgram

  static async make(): Promise<QueryGround> {
    return new QueryGround(await Ground.make(), await freePort())
  }

  constructor(ground: Ground, port: number) {
    this.ground = ground
    this.url = `http://127.0.0.1:${port}`
    const env = {
      NATS_URL: ground.natsUrl,
      DATA_DIR: ground.dataDir,
      PORT: String(port),
      IB_HOST: '',
      IB_STREAM_OVERLAY: 'allow',
      API_REQUESTS_PER_SECOND: '100000',
      ...leanEnv(process.env),
    }
    this.#api = nodeProgram('query-api', 'services/query-api/src/main.ts', env)
  }

  get dataDir(): string {
    return this.ground.dataDir
  }

  /** A fresh process. */
  async startApi(): Promise<void> {
    await this.#api.stop()
    this.#api.start()
    await waitFor(
      'query-api answers',
      async () => (await fetch(`${this.url}/health`).catch(() => undefined)) !== undefined,
      STARTED_WITHIN_MS,
    )
  }

  /** Once it follows the log. */
  async live(): Promise<void> {
    await waitFor(
      'query-api is live',
      async () => ((await (await fetch(`${this.url}/health`)).json()) as { ready: boolean }).ready,
      STARTED_WITHIN_MS,
    )
  }

  /** CPU time of query-api so far, µs. */
  apiCpuUs(): Promise<number> {
    return cpuUs(this.#api.pid)
  }

  /** Most resident memory of query-api since it started, as the kernel counts it, MB (10^6). */
  async mostMb(): Promise<number> {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${this.#api.pid}/status`, 'utf8'))?.[1]
    return (Number(kib) * 1_024) / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]()
    await this.ground[Symbol.asyncDispose]()
  }
}
