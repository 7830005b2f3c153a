import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PARTITION_COUNT } from '@ib-stream/model'
import { freePort } from '../../test/support/free-port.ts'
import { nodeProgram, TestProgram } from '../../test/support/program.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { cpuUs } from './part.ts'

const LOOK_WITHIN_MS = 300_000

/** A nats-server of its own with a spool and a data folder beside it, all in a temporary folder. */
export class Ground implements AsyncDisposable {
  readonly folder: string
  readonly natsUrl: string
  readonly #nats: TestProgram

  static async make(): Promise<Ground> {
    return new Ground(await mkdtemp(join(tmpdir(), 'ibs-bench-bus-')), await freePort())
  }

  constructor(folder: string, port: number) {
    this.folder = folder
    this.natsUrl = `nats://127.0.0.1:${port}`
    const args = ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', join(folder, 'nats')]
    this.#nats = new TestProgram('nats', { command: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', args }).start()
  }

  get spoolFolder(): string {
    return join(this.folder, 'spool')
  }
  get dataDir(): string {
    return join(this.folder, 'data')
  }

  serverCpuUs(): Promise<number> {
    return cpuUs(this.#nats.pid)
  }

  /** The real writer service of a backend. */
  writer(backend: 'json' | 'pb', extra: Record<string, string> = {}): BenchWriter {
    const name = backend === 'json' ? 'writer-json' : 'writer-proto'
    const env = { NATS_URL: this.natsUrl, DATA_DIR: this.dataDir, HEALTH_PORT: '0', IB_HOST: '', ...extra }
    return new BenchWriter(nodeProgram(name, `services/${name}/src/main.ts`, env).start())
  }

  /** Ticks in the files of a backend, counted there. */
  async ticksInJson(): Promise<number> {
    const below = join(this.dataDir, 'json')
    let lines = 0
    for (const entry of await readdir(below, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const bytes = await readFile(join(entry.parentPath, entry.name))
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1
    }
    return lines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nats.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A writer service under measurement. */
export class BenchWriter implements AsyncDisposable {
  readonly #program: TestProgram
  #healthUrl = ''

  constructor(program: TestProgram) {
    this.#program = program
  }

  async started(): Promise<void> {
    const { healthPort } = await this.#program.logged('its pages', ({ msg }) => msg === 'started')
    this.#healthUrl = `http://127.0.0.1:${healthPort}/health`
  }

  /** It follows the log: every partition is held. */
  async follows(): Promise<void> {
    await waitFor('the writer holds its partitions', async () => ((await this.#part())?.partitions ?? 0) >= PARTITION_COUNT, LOOK_WITHIN_MS)
  }

  /** Ticks taken since its start. */
  async ticks(): Promise<number> {
    return (await this.#part())?.ticks ?? 0
  }

  async #part(): Promise<{ ticks: number; partitions: number } | undefined> {
    const health = (await (await fetch(this.#healthUrl)).json()) as { parts: { writer?: { ticks: number; partitions: number } } }
    return health.parts.writer
  }

  async takes(ticks: number): Promise<void> {
    await waitFor(`${ticks} ticks taken`, async () => (await this.ticks()) >= ticks, LOOK_WITHIN_MS)
  }

  cpuUs(): Promise<number> {
    return cpuUs(this.#program.pid)
  }

  /** Commits everything and ends. */
  async stop(): Promise<void> {
    await this.#program.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]()
  }
}
