import { readFile } from 'node:fs/promises'
import { freePort } from '../../test/support/free-port.ts'
import { Stack } from '../../test/support/stack.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { cpuUs } from '../bus/part.ts'

export const MNQ = 711280073
const MOST_MS = 60_000
/** Noon of a trading day, when the model's market is the steadiest. */
const NOON = '2025-07-30T16:52:00Z'

/** CPU time of each process so far, µs. */
export type CpuTimes = Record<string, number>

/** The whole stack on a market of the simulator's model. */
export class Load implements AsyncDisposable {
  readonly #stack: Stack
  readonly #controlUrl: string
  /** The gateway came after ingest, which is a gap too. */
  #endedGapsBefore = 0

  static async start(rate: number): Promise<Load> {
    const control = await freePort()
    const flags = ['--rate', String(rate), '--bursts', '0', '--control', String(control), '--truth', '/dev/null']
    const env = { CLOCK_START: `${NOON}@${Date.now()}`, CLOCK_RATE: '1' }
    await using undo = new AsyncDisposableStack() // what never got going leaves no processes
    const stack = undo.use(await Stack.make({ tracked: `${MNQ}:MNQ:bid_ask;last:24`, simulator: flags, env }))
    const load = new Load(stack, `http://127.0.0.1:${control}`)
    for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.queryApi, stack.ingest]) program.start()
    await load.#until('the log is made', () => stack.ingest.log.some(({ kind, state }) => kind === 'state' && state === 'sending'))
    await stack.ready(stack.writerJson)
    await stack.ready(stack.writerProto)
    stack.simulator.start()
    await load.#until('every stream has ticks', () => load.#allFlow())
    load.#endedGapsBefore = await load.#endedGaps()
    undo.move()
    return load
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

  /** Most resident memory that ingest ever had, MB of a million bytes. */
  async peakRssMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#stack.ingest.pid}/status`, 'utf8')
    return Math.round((Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024) / 1e6)
  }

  async cpu(): Promise<CpuTimes> {
    const { nats, simulator, ingest, writerJson, writerProto, queryApi } = this.#stack
    const programs = [simulator, ingest, nats, writerJson, writerProto, queryApi]
    return Object.fromEntries(await Promise.all(programs.map(async ({ name, pid }) => [name, await cpuUs(pid ?? 0)] as const)))
  }

  ticksAbove(count: number): Promise<true> {
    return this.#until(`${count} ticks`, async () => (await this.heard()) > count)
  }

  async fault(order: object): Promise<void> {
    const answer = await fetch(`${this.#controlUrl}/faults`, { method: 'POST', body: JSON.stringify(order) })
    if (!answer.ok) throw new Error(await answer.text())
  }

  /**
   * Ends the market and holds all counts to each other: what was sent, heard and written to both kinds of file.
   * @throws Error with what the programs said, where a tick that was sent is not heard, or one that was heard not written
   */
  async finish(): Promise<{ sent: number; heard: number; gaps: number }> {
    const { simulator, writerJson, writerProto } = this.#stack
    const gaps = (await this.#endedGaps()) - this.#endedGapsBefore // before the market's own end, which begins one that nothing ends
    await simulator.stop()
    const { ticks } = await simulator.logged('how much it sent', ({ msg }) => msg === 'stopped')
    const sent = Number(ticks)
    if (gaps > 0) return { sent, heard: await this.heard(), gaps } // what is missing is in them
    await this.#until('ingest has all that was sent', async () => (await this.heard()) === sent)
    for (const writer of [writerJson, writerProto])
      await this.#until(`${writer.name} has all`, async () => Number((await this.#part(writer, 'writer'))?.ticks) === sent)
    return { sent, heard: sent, gaps }
  }

  async #allFlow(): Promise<boolean> {
    const streams = (await this.#part(this.#stack.ingest, 'streams'))?.streams as { ticks: number }[] | undefined
    return streams !== undefined && streams.length === 2 && streams.every(({ ticks }) => ticks > 0)
  }

  /** By ingest's own count, which is of the same moment as its count of ticks; its log is read a little later. */
  async #endedGaps(): Promise<number> {
    const metrics = await (await fetch(this.#stack.metricsUrl(this.#stack.ingest))).text()
    return [...metrics.matchAll(/^ibs_ingest_gaps_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  #until(what: string, look: () => boolean | Promise<boolean>): Promise<true> {
    return waitFor(what, look, MOST_MS).catch((error: unknown) => {
      const said = this.#stack.all.map(({ name, output }) => `${name} said\n${output.slice(-4_000)}`)
      throw new Error([String(error), ...said].join('\n'))
    })
  }

  async #part(program: Stack['ingest'], part: string): Promise<Record<string, unknown> | undefined> {
    const health = (await this.#stack.health(program)) as { parts?: Record<string, Record<string, unknown>> } | undefined
    return health?.parts?.[part]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack[Symbol.asyncDispose]()
  }
}
