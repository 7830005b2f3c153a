import { freePort } from '../../test/support/free-port.ts'
import { Stack } from '../../test/support/stack.ts'
import { waitFor } from '../../test/support/wait-for.ts'

export const MNQ = 711280073
const MOST_MS = 300_000

/** The whole stack on a market of the simulator's model. */
export class Load implements AsyncDisposable {
  readonly #stack: Stack
  readonly #controlUrl: string

  static async start(rate: number): Promise<Load> {
    const control = await freePort()
    const flags = ['--rate', String(rate), '--bursts', '0', '--control', String(control), '--truth', '/dev/null']
    const stack = await Stack.make({ tracked: `${MNQ}:MNQ:bid_ask;last:24`, simulator: flags })
    for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.queryApi, stack.ingest, stack.simulator]) program.start()
    return new Load(stack, `http://127.0.0.1:${control}`)
  }

  constructor(stack: Stack, controlUrl: string) {
    this.#stack = stack
    this.#controlUrl = controlUrl
  }

  async heard(): Promise<number> {
    return Number((await this.#part(this.#stack.ingest, 'streams'))?.ticks ?? 0)
  }

  async waitingLines(): Promise<number> {
    return Number((await this.#part(this.#stack.ingest, 'publisher'))?.waitingLines ?? 0)
  }

  async rssMb(): Promise<number> {
    const text = await (await fetch(this.#stack.metricsUrl(this.#stack.ingest))).text()
    return Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? 0) / 1e6)
  }

  ticksAbove(count: number): Promise<true> {
    return waitFor(`${count} ticks`, async () => (await this.heard()) > count, MOST_MS)
  }

  async fault(order: object): Promise<void> {
    const answer = await fetch(`${this.#controlUrl}/faults`, { method: 'POST', body: JSON.stringify(order) })
    if (!answer.ok) throw new Error(await answer.text())
  }

  /** Ends the market and holds all counts to each other; after a declared gap ticks are missing, and only that is told. @throws Error where a tick is missing without one */
  async finish(): Promise<{ sent: number; heard: number; gaps: number }> {
    const { simulator, ingest, writerJson, writerProto } = this.#stack
    await simulator.stop()
    const gaps = ingest.log.filter(({ msg }) => msg === 'gap').length
    const sent = Number(simulator.log.find(({ msg }) => msg === 'stopping')?.ticks)
    if (gaps > 0) return { sent, heard: await this.heard(), gaps }
    await waitFor('ingest has all that was sent', async () => (await this.heard()) === sent, MOST_MS)
    for (const writer of [writerJson, writerProto])
      await waitFor(`${writer.name} has all`, async () => Number((await this.#part(writer, 'writer'))?.ticks) === sent, MOST_MS)
    return { sent, heard: sent, gaps }
  }

  async #part(program: Stack['ingest'], part: string): Promise<Record<string, unknown> | undefined> {
    const health = (await this.#stack.health(program)) as { parts?: Record<string, Record<string, unknown>> } | undefined
    return health?.parts?.[part]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack[Symbol.asyncDispose]()
  }
}
