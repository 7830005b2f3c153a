import { join } from 'node:path'
import { type Bus, connectBus, openPublisher, type Publisher, tickSubject } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import type { TestProgram } from '../support/program.ts'
import { Stack } from '../support/stack.ts'
import { readJsonFiles } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'

/** A machine that does much else besides starts a process in half a minute. */
const READY_MS = 120_000
const SETTLE_MS = 120_000

/** The real nats-server, writers and query-api, and the real publisher in this process, which gives ticks of any stamps: so hours close within seconds. */
export class SeamWorld implements AsyncDisposable {
  readonly stack: Stack
  readonly #bus: Bus
  readonly #publisher: Publisher

  static async open(): Promise<SeamWorld> {
    const stack = await Stack.make({ tracked: '', simulator: [] })
    for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.queryApi]) program.start()
    const bus = await connectBus({ url: stack.natsUrl, name: 'seam', signal: AbortSignal.timeout(READY_MS) })
    const spoolFolder = join(stack.dataDir, '.state/spool')
    const publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 2 ** 29 })
    const world = new SeamWorld(stack, bus, publisher)
    await waitFor('the log stands', () => publisher.state === 'sending', READY_MS)
    await world.ready()
    return world
  }

  constructor(stack: Stack, bus: Bus, publisher: Publisher) {
    this.stack = stack
    this.#bus = bus
    this.#publisher = publisher
  }

  publish(ticks: readonly TickMessage[]): void {
    for (const tick of ticks) this.#publisher.add({ subject: tickSubject(tick.cid, tick.tt), line: encodeTickJson(tick) })
  }

  /** Everything is in the log. */
  settled(): Promise<void> {
    return this.#publisher.settled(AbortSignal.timeout(SETTLE_MS))
  }

  async ready(): Promise<void> {
    for (const program of [this.stack.writerJson, this.stack.writerProto, this.stack.queryApi]) await this.stack.ready(program, READY_MS)
  }

  /** Kills a program and starts it again at once. */
  async restart(program: TestProgram): Promise<void> {
    await program.kill()
    program.start()
  }

  /** Lines of the json files, once there are as many as were published. */
  async linesInFiles(count: number): Promise<string[]> {
    let lines: string[] = []
    const all = async () => {
      lines = (await readJsonFiles(this.stack.dataDir)).map((tick) => JSON.stringify(tick))
      return lines.length >= count
    }
    await waitFor('the files have all', all, SETTLE_MS).catch(() => undefined)
    return lines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.close()
    await this.#bus.close()
    await this.stack[Symbol.asyncDispose]()
  }
}
