import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, connectBus, openPublisher, type Publisher, tickSubject } from '@ib-stream/bus'
import { encodeTickProto } from '@ib-stream/storage'
import { NatsServer } from '../../../test/support/nats-server.ts'
import type { SegmentCodec } from '../src/codec.ts'
import { openWriter, type PartitionChange, type Writer } from '../src/writer.ts'

export const protoMessages: SegmentCodec = {
  backend: 'pb',
  append: (out, { ticks }) => out.write(Buffer.concat(ticks.map(encodeTickProto))),
}
export const jsonLines: SegmentCodec = { backend: 'json', keepsEvents: true, append: (out, { lines }) => out.write(lines) }

export interface Running {
  writer: Writer
  changes: PartitionChange[]
  stale: { partition: unknown; state: string }[]
  stop(): Promise<void>
  done: Promise<void>
}

/** A real log that the test fills, and writers on one folder. */
export class WriterBench implements AsyncDisposable {
  readonly nats: NatsServer
  readonly bus: Bus
  publisher: Publisher
  readonly dataDir: string
  #stMs = 0
  #running: { stop: AbortController; done: Promise<void> }[] = []

  static async open(): Promise<WriterBench> {
    const nats = await NatsServer.start()
    const bus = await connectBus({ url: nats.url, name: 'writer-test' })
    return new WriterBench(nats, bus, await publisherOn(nats, bus))
  }

  constructor(nats: NatsServer, bus: Bus, publisher: Publisher) {
    this.nats = nats
    this.bus = bus
    this.publisher = publisher
    this.dataDir = join(nats.folder, 'data')
  }

  /** As a restart of ingest does it, on the same spool. */
  async reopenPublisher(): Promise<void> {
    await this.publisher.close()
    this.publisher = await publisherOn(this.nats, this.bus)
  }

  /** Publishes `count` trades of a contract, sizes 0, 1, 2 … */
  publish(cid: number, count: number): void {
    for (let s = 0; s < count; s++) {
      const st = 1_753_837_634_000_000 + this.#stMs++
      const line = JSON.stringify({ ts: 1_753_837_634_000_000, st, cid, tt: 'last', rid: 1, p: 1, s })
      this.publisher.add({ subject: tickSubject(cid, 'last'), line })
    }
  }

  /** Starts a writer in this process; it runs until the bench ends or its `stop` is called. */
  run(codec = jsonLines, bus = this.bus): Running {
    const stop = new AbortController()
    const changes: PartitionChange[] = []
    const stale: { partition: unknown; state: string }[] = []
    const writer = openWriter({
      codec,
      bus,
      dataDir: this.dataDir,
      source: 'simulator',
      checkpointVisibleMs: 50,
      checkpointDurableMs: 200,
      onChange: (change) => changes.push(change),
      onStaleOwner: ({ partition }, state) => stale.push({ partition, state }),
    })
    const done = writer.run(stop.signal)
    done.catch(() => undefined)
    this.#running.push({ stop, done })
    const end = async () => {
      stop.abort(new Error('test stops the writer'))
      await done
    }
    return { writer, changes, stale, stop: end, done }
  }

  /** Sizes of a contract's recorded trades, in the order of the file. */
  async recorded(cid: number): Promise<number[]> {
    const names = await readdir(join(this.dataDir, 'json'), { recursive: true }).catch(() => [])
    const paths = names.filter((name) => name.includes(`/${cid}_last_`))
    const texts = await Promise.all(paths.map((path) => readFile(join(this.dataDir, 'json', path), 'utf8')))
    return texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line).s as number),
    )
  }

  /** First stored message of a subject, or undefined. */
  async stored(stream: string, subject: string): Promise<Record<string, unknown> | undefined> {
    return (await this.allStored(stream, subject))[0]
  }

  async allStored(stream: string, subject: string): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = []
    for (let seq = 1; ; seq++) {
      const request = { seq, next_by_subj: subject }
      const message = await this.bus.manager.streams.getMessage(stream, request).catch(() => undefined)
      if (!message) return found
      found.push(message.json())
      seq = message.seq
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stop } of this.#running) stop.abort(new Error('the bench ends'))
    await Promise.allSettled(this.#running.map(({ done }) => done))
    await this.publisher.close()
    await this.bus.close()
    await this.nats[Symbol.asyncDispose]()
  }
}

const publisherOn = (nats: NatsServer, bus: Bus): Promise<Publisher> =>
  openPublisher({ bus, spoolFolder: join(nats.folder, 'spool'), source: 'simulator', logMaxBytes: 2 ** 28, mostSingles: 500 })

/** Only root may, and not in every container. */
export const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'ibs-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
})()
