import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, connectBus, openPublisher, type Publisher, readLog, serveTrim, tickSubject } from '@ib-stream/bus'
import { TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { type Config, loadConfig } from '@ib-stream/service'
import { type Backend, encodeTickJson, openRange } from '@ib-stream/storage'
import type { TestProgram } from '../support/program.ts'
import { Stack } from '../support/stack.ts'
import { readJsonFiles } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { CIDS } from './truth.ts'

/** A machine that does much else besides starts a process in half a minute. */
const READY_MS = 120_000
const SETTLE_MS = 120_000
/** The log forgets what all files have within the run, but nothing that a client that comes back at once still needs. */
export const LOG_KEEP_MS = 8_000
const KEEPER_EVERY_MS = 500
const CHECKPOINT_DURABLE_MS = 2_000

/**
 * The real nats-server, keeper, query-api and the writers of the backends that are set, and the real publisher in this process, which gives ticks of any stamps: so
 * hours close within seconds.
 */
export class SeamWorld implements AsyncDisposable {
  readonly stack: Stack
  readonly backends: readonly Backend[]
  readonly #retention: Config['retention']
  readonly #bus: Bus
  readonly #publisher: Publisher
  readonly #trimming: Disposable

  static async open(): Promise<SeamWorld> {
    const asked = {
      IB_STREAM_BACKENDS: process.env.IB_STREAM_BACKENDS ?? 'json,pb,parquet',
      IB_STREAM_RETENTION: process.env.IB_STREAM_RETENTION ?? 'all', // the ticks are of a day long ago: they would go from json and pb as soon as the archive has them
    }
    const env = {
      ...asked,
      IB_STREAM_LOG_KEEP: `${LOG_KEEP_MS / 1_000}s`,
      KEEPER_EVERY_MS: String(KEEPER_EVERY_MS),
      CHECKPOINT_DURABLE_MS: String(CHECKPOINT_DURABLE_MS),
    }
    const stack = await Stack.make({ tracked: '', simulator: [], env })
    const config = loadConfig({ ...process.env, ...asked }) // as the services read it
    const bus = await startBus(stack)
    const spoolFolder = join(stack.dataDir, '.state/spool')
    const publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 2 ** 29 })
    const world = new SeamWorld(stack, config, { bus, publisher })
    for (const program of [...world.writers, stack.keeper, stack.queryApi]) program.start()
    await waitFor('the log stands', () => publisher.state === 'sending', READY_MS)
    await world.ready()
    return world
  }

  constructor(stack: Stack, { backends, retention }: Config, { bus, publisher }: { bus: Bus; publisher: Publisher }) {
    this.stack = stack
    this.backends = backends
    this.#retention = retention
    this.#bus = bus
    this.#publisher = publisher
    this.#trimming = serveTrim(bus, publisher) // as ingest does it
  }

  /** One of each backend. */
  get writers(): readonly TestProgram[] {
    const { writerJson, writerProto, writerParquet } = this.stack
    const all: Partial<Record<Backend, TestProgram>> = { json: writerJson, pb: writerProto, parquet: writerParquet }
    return this.backends.flatMap((backend) => all[backend] ?? [])
  }

  publish(ticks: readonly TickMessage[]): void {
    for (const tick of ticks) this.#publisher.add({ subject: tickSubject(tick.cid, tick.tt), line: encodeTickJson(tick) })
  }

  /** Everything is in the log. */
  settled(): Promise<void> {
    return this.#publisher.settled(AbortSignal.timeout(SETTLE_MS))
  }

  async ready(): Promise<void> {
    for (const program of [...this.writers, this.stack.keeper, this.stack.queryApi]) await this.stack.ready(program, READY_MS)
  }

  /** Kills a program and starts it again at once. */
  async restart(program: TestProgram): Promise<void> {
    await program.kill()
    program.start()
  }

  /** The log has forgotten its first messages, because every backend has them. */
  async trimmed(): Promise<void> {
    const isTrimmed = async () => ((await readLog(this.#bus.manager).catch(() => undefined))?.firstSeq ?? 0) > 1
    await waitFor('the keeper trims the log', isTrimmed, SETTLE_MS)
  }

  /** Retention takes nothing from it. */
  isKept(backend: Backend): boolean {
    return !(backend in this.#retention)
  }

  /** Lines of a backend's files, once there are as many as were published, where it is kept. */
  async linesInFiles(backend: Backend, count: number): Promise<string[]> {
    let lines: string[] = []
    const all = async () => {
      lines = backend === 'json' ? await this.#linesAsTheyLie() : await this.#linesOf(backend)
      return lines.length >= count || !this.isKept(backend)
    }
    await waitFor('the files have all', all, SETTLE_MS).catch(() => undefined)
    return lines
  }

  /** How many hours and days the archive's writer has sealed. */
  async sealedFiles(): Promise<number> {
    const names = await readdir(join(this.stack.dataDir, 'parquet'), { recursive: true }).catch(() => [])
    return names.filter((name) => name.endsWith('.parquet')).length
  }

  /** Without our reader, so that it is judged too. */
  async #linesAsTheyLie(): Promise<string[]> {
    return (await readJsonFiles(this.stack.dataDir)).map((tick) => JSON.stringify(tick))
  }

  async #linesOf(backend: Backend): Promise<string[]> {
    const range = {
      dataDir: this.stack.dataDir,
      backends: [backend],
      cids: CIDS,
      tts: TICK_TYPES,
      startUs: 0,
      endUs: Number.MAX_SAFE_INTEGER,
    }
    await using files = await openRange(range)
    const lines: string[] = []
    for await (const batch of files.batches()) lines.push(...batch.map(encodeTickJson))
    return lines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#trimming[Symbol.dispose]()
    await this.#publisher.close()
    await this.#bus.close()
    await this.stack[Symbol.asyncDispose]()
  }
}

async function startBus({ nats, natsUrl }: Stack): Promise<Bus> {
  nats.start()
  return connectBus({ url: natsUrl, name: 'seam', signal: AbortSignal.timeout(READY_MS) })
}
