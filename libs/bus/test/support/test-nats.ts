import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../../test/support/free-port.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { type Bus, connectBus } from '../../src/connection.ts'
import type { LogMessage } from '../../src/log-message.ts'
import { TICKS } from '../../src/stream-configs.ts'
import { readLog } from '../../src/streams.ts'

/** A real nats-server on a port and a folder of its own; its store can be copied, put back and wiped while it is down. */
export class TestNats implements AsyncDisposable {
  readonly url: string
  readonly folder: string
  #port: number
  #child: ChildProcess | undefined
  #buses: Bus[] = []

  static async start(): Promise<TestNats> {
    const nats = new TestNats(await mkdtemp(join(tmpdir(), 'ibs-bus-')), await freePort())
    await nats.start()
    return nats
  }

  constructor(folder: string, port: number) {
    this.folder = folder
    this.#port = port
    this.url = `nats://127.0.0.1:${port}`
  }

  get spoolFolder(): string {
    return join(this.folder, 'spool')
  }
  get #store(): string {
    return join(this.folder, 'nats')
  }
  get #copy(): string {
    return join(this.folder, 'nats-copy')
  }

  async start(): Promise<void> {
    const config = join(this.folder, 'nats.conf')
    await writeFile(
      config,
      `listen: 127.0.0.1:${this.#port}\njetstream { store_dir: ${JSON.stringify(this.#store)}, max_file_store: 1G }\n`,
    )
    this.#child = spawn(process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', ['-c', config], { stdio: 'ignore' })
    await once(this.#child, 'spawn')
    await listensOn(this.#port)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Answers nothing, and keeps its connections. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }
  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async copyStore(): Promise<void> {
    await cp(this.#store, this.#copy, { recursive: true })
  }
  async putCopyBack(): Promise<void> {
    await this.wipeStore()
    await cp(this.#copy, this.#store, { recursive: true })
  }
  async wipeStore(): Promise<void> {
    await rm(this.#store, { recursive: true, force: true })
  }

  /** A connection that ends with the server. */
  async bus(name = 'test'): Promise<Bus> {
    const bus = await connectBus({ url: this.url, name, signal: AbortSignal.timeout(20_000) })
    this.#buses.push(bus)
    return bus
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw()
    await Promise.all(this.#buses.map((bus) => bus.close()))
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A client that comes too early would wait for its next attempt, in every test. */
const listensOn = (port: number): Promise<boolean> =>
  waitFor(
    'nats-server listens',
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy()
          resolve(true)
        })
        socket.once('error', () => resolve(false))
      }),
  )

/** Everything that the log holds, straight from its store. */
export async function logContents(bus: Bus): Promise<LogMessage[]> {
  const log = await readLog(bus.manager)
  const messages: LogMessage[] = []
  for (let seq = log?.firstSeq ?? 1; seq <= (log?.lastSeq ?? 0); seq++) {
    const stored = await bus.manager.streams.getMessage(TICKS, { seq })
    if (!stored) continue
    const batch = stored.header.get('Ibs-Batch').split('/').map(Number)
    const message: LogMessage = { seq, subject: stored.subject, payload: stored.data }
    if (batch[0] && batch[1]) message.batch = { k: batch[0], n: batch[1] }
    messages.push(message)
  }
  return messages
}

/** Waits until the log ends at `seq`. */
export const logReaches = (bus: Bus, seq: number): Promise<boolean> =>
  waitFor(`the log reaches ${seq}`, async () => ((await readLog(bus.manager).catch(() => undefined))?.lastSeq ?? 0) >= seq)
