import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Bus, connectBus, openPublisher, type Publisher, readLog, serveTrim, tickSubject } from '@ib-stream/bus'
import { type Backend, openPartitionStore, type PartitionStore } from '@ib-stream/storage'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Alert } from '../src/alerts.ts'
import { Keeper, type KeeperOptions } from '../src/keeper.ts'
import { partitionsOf } from '../src/positions.ts'

/** A real log with `messages`, and checkpoints as writers leave them. */
export class KeeperBench implements AsyncDisposable {
  readonly nats: NatsServer
  readonly bus: Bus
  readonly publisher: Publisher
  readonly dataDir: string
  readonly said: Alert[] = []
  readonly trouble: string[] = []
  #trimming: Disposable

  static async open(messages: number): Promise<KeeperBench> {
    const nats = await NatsServer.start()
    const bus = await connectBus({ url: nats.url, name: 'keeper-test' })
    const spoolFolder = join(nats.folder, 'data/.state/spool')
    const publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 2 ** 28, mostSingles: 500 })
    const bench = new KeeperBench(nats, bus, publisher)
    await bench.publish(messages)
    await waitFor('EVENTS is there', () => bus.manager.streams.info('EVENTS').catch(() => undefined))
    return bench
  }

  constructor(nats: NatsServer, bus: Bus, publisher: Publisher) {
    this.nats = nats
    this.bus = bus
    this.publisher = publisher
    this.dataDir = join(nats.folder, 'data')
    this.#trimming = serveTrim(bus, publisher)
  }

  /** As where no ingest runs. */
  stopTrimming(): void {
    this.#trimming[Symbol.dispose]()
  }

  async publish(messages: number): Promise<void> {
    for (let i = 0; i < messages; i++) {
      this.publisher.add({ subject: tickSubject(8314, 'last'), line: `{"st":${1_753_837_634_000_000 + i}}` })
      if (i % 100 === 99) await this.publisher.settled() // else they would come in batches
    }
    await this.publisher.settled()
  }

  /** Brings every partition of a backend to `seq`, durably. */
  bring(backend: Backend, seq: number): Promise<void> {
    return this.#move(backend, seq, (store) => store.commitDurable())
  }

  /** As `bring`, but only for readers: a power cut would take it back. */
  show(backend: Backend, seq: number): Promise<void> {
    return this.#move(backend, seq, (store) => store.commitVisible())
  }

  async #move(backend: Backend, seq: number, commit: (store: PartitionStore) => Promise<void>): Promise<void> {
    const spoolId = (await readLog(this.bus.manager))?.owner.spoolId ?? ''
    await Promise.all(
      partitionsOf(backend).map(async (partition) => {
        const store = await openPartitionStore({ dataDir: this.dataDir, backend, partition, source: { spoolId, source: 'simulator' } })
        if (!store) throw new Error(`partition ${partition} of ${backend} is held`)
        store.advance(seq, 1)
        await commit(store)
        await store.close()
      }),
    )
  }

  keeper(options: Partial<KeeperOptions> = {}): Promise<Keeper> {
    return Keeper.open({
      bus: this.bus,
      dataDir: this.dataDir,
      backends: ['json', 'pb'],
      logMaxBytes: 2 ** 28,
      keepMs: 0,
      everyMs: 50,
      onAlert: (alert) => this.said.push(alert),
      onTrouble: (what, error) => this.trouble.push(`${what}: ${String(error)}`),
      ...options,
    })
  }

  async firstSeq(): Promise<number | undefined> {
    return (await readLog(this.bus.manager))?.firstSeq
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopTrimming()
    await this.publisher.close()
    await this.bus.close()
    await this.nats[Symbol.asyncDispose]()
  }
}

/** Takes alerts, or refuses them while `status` says so. */
export class WebhookServer implements AsyncDisposable {
  readonly posts: Record<string, unknown>[] = []
  status = 200
  #server: Server

  static async start(): Promise<WebhookServer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new WebhookServer(server)
  }

  constructor(server: Server) {
    this.#server = server
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      if (this.status === 200) this.posts.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>)
      response.writeHead(this.status).end()
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
