import { join } from 'node:path'
import {
  type Bus,
  connectBus,
  openLogReader,
  openPublisher,
  type Publisher,
  type PublisherEvent,
  pause,
  TICKS,
  tickSubject,
} from '@ib-stream/bus'
import { waitFor } from '../support/wait-for.ts'
import type { Cluster } from './cluster.ts'

const CID = 265598
const FEED_EVERY_MS = 10

/** The real publisher under steady load in a cluster, and the longest time that the log confirmed nothing. */
export class Load implements AsyncDisposable {
  readonly publisher: Publisher
  readonly events: PublisherEvent[]
  readonly bus: Bus
  /** Lines given to the publisher: 1 to this. */
  added = 0
  #cluster: Cluster
  #feed: NodeJS.Timeout
  #lastMs = performance.now()
  #lastAcknowledged = 0
  #longestStallMs = 0

  static async start(cluster: Cluster): Promise<Load> {
    const bus = await connectBus({ url: cluster.url, name: 'load', signal: AbortSignal.timeout(60_000) })
    const events: PublisherEvent[] = []
    const publisher = await openPublisher({
      bus,
      spoolFolder: join(cluster.folder, 'spool'),
      source: 'simulator',
      logMaxBytes: 2 ** 30,
      replicas: 3,
      onEvent: (event) => events.push(event),
    })
    await waitFor('the log is made', () => publisher.state === 'sending', 60_000).catch(async (error: unknown) => {
      await publisher.close()
      await bus.close()
      throw new Error(`${String(error)}: ${JSON.stringify(events)}\n${await cluster.describe()}`)
    })
    return new Load(cluster, bus, publisher, events)
  }

  constructor(cluster: Cluster, bus: Bus, publisher: Publisher, events: PublisherEvent[]) {
    this.#cluster = cluster
    this.bus = bus
    this.publisher = publisher
    this.events = events
    this.#feed = setInterval(() => this.#turn(), FEED_EVERY_MS)
  }

  #turn(): void {
    for (let i = 0; i < 5; i++) {
      const st = ++this.added
      this.publisher.add({ subject: tickSubject(CID, 'last'), line: JSON.stringify({ ts: 1_000_000, st, cid: CID, tt: 'last', p: 1 }) })
    }
    const nowMs = performance.now()
    if (this.publisher.acknowledged > this.#lastAcknowledged) this.#lastMs = nowMs
    this.#lastAcknowledged = this.publisher.acknowledged
    this.#longestStallMs = Math.max(this.#longestStallMs, nowMs - this.#lastMs)
  }

  /** Longest time without a confirmation since the last call, ms. */
  takeStallMs(): number {
    const stall = this.#longestStallMs
    this.#longestStallMs = 0
    return Math.round(stall)
  }

  /** The publisher goes on: what is added after this call is confirmed. */
  async progress(what: string, deadlineMs: number): Promise<void> {
    const { end } = this.publisher.spool
    const whole = () => this.publisher.acknowledged > end
    await waitFor(`${what}: the log confirms what is added from now on`, whole, deadlineMs).catch(async (error: unknown) => {
      const { state, acknowledged, spool } = this.publisher
      const now = { state, acknowledged, spoolEnd: spool.end, server: this.bus.connection.getServer(), bus: this.bus.state }
      throw new Error(
        `${String(error)}: ${JSON.stringify(now)}; last events ${JSON.stringify(this.events.slice(-12))}\n${await this.#cluster.describe()}`,
      )
    })
  }

  /** Name of the server that leads the log. */
  async leader(): Promise<string> {
    return await waitFor(
      'the log has a leader',
      async () => (await this.bus.manager.streams.info(TICKS).catch(() => undefined))?.cluster?.leader || undefined,
      60_000,
    )
  }

  /** Name of the server that the publisher is connected to. */
  server(cluster: Cluster): string {
    const port = Number(this.bus.connection.getServer().split(':').at(-1))
    return cluster.servers[cluster.ports.indexOf(port)]?.name ?? ''
  }

  /** Ends the load and gives the numbers that stand in the log, in its order. */
  async finish(): Promise<number[]> {
    clearInterval(this.#feed)
    await this.publisher.settled(AbortSignal.timeout(60_000))
    const stop = new AbortController()
    const reader = openLogReader({ bus: this.bus, filter: 'ticks.>', fromSeq: 1, signal: stop.signal })
    const numbers: number[] = []
    for await (const batch of reader.batches()) {
      for (const { payload } of batch)
        for (const line of Buffer.from(payload).toString().trimEnd().split('\n')) numbers.push((JSON.parse(line) as { st: number }).st)
      if (numbers.length >= this.added) break
    }
    stop.abort()
    return numbers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#feed)
    await this.publisher.close()
    await this.bus.close()
    await pause(0)
  }
}
