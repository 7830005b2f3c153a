import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, connectBus, openLogReader, openPublisher, type Publisher } from '@ib-stream/bus'
import { hash31, type TickType } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { freePort } from '../../../test/support/free-port.ts'
import { InvalidSink } from '../src/invalid-sink.ts'
import { Recorder } from '../src/recorder.ts'
import type { RecorderNote } from '../src/recorder-note.ts'
import { StateFile } from '../src/state-file.ts'
import type { DesiredStream } from '../src/subscriptions/line-plan.ts'
import { RequestGuard } from '../src/subscriptions/request-guard.ts'

/** A contract to record, in its tick types. */
export interface Wanted {
  cid: number
  symbol: string
  tickTypes: readonly TickType[]
}

export const streamsOf = (wanted: readonly Wanted[]): DesiredStream[] =>
  wanted.flatMap(({ cid, symbol, tickTypes }) => tickTypes.map((tt) => ({ cid, tt, symbol, rid: hash31(cid, tt), tracked: true })))

/** A real nats-server, bus, spool and recorder in a temporary folder; the gateway is the test's. */
export class RecorderBench implements AsyncDisposable {
  readonly notes: RecorderNote[] = []
  readonly bus: Bus
  readonly publisher: Publisher
  readonly recorder: Recorder
  /** What the publisher says of its room, for the recorder. */
  publisherFull = false
  #undo: (() => Promise<unknown>)[]
  #stop = new AbortController()
  #running: Promise<void>

  static async open(tracked: readonly Wanted[], gatewayPorts: readonly number[], heardUntilUs?: number): Promise<RecorderBench> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-ingest-'))
    const port = await freePort()
    const nats = spawn(
      process.env.IB_STREAM_NATS_SERVER ?? 'nats-server',
      ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', join(folder, 'nats')],
      { stdio: 'ignore' },
    )
    const exited = new Promise((resolve) => nats.once('exit', resolve))
    const bus = await connectBus({ url: `nats://127.0.0.1:${port}`, name: 'ingest-test' })
    const publisher = await openPublisher({ bus, spoolFolder: join(folder, 'spool'), source: 'simulator', logMaxBytes: 2 ** 28 })
    const end = async () => {
      nats.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    }
    return new RecorderBench(bus, publisher, { tracked, gatewayPorts, heardUntilUs, requestsFile: join(folder, 'requests.json') }, end)
  }

  constructor(
    bus: Bus,
    publisher: Publisher,
    {
      tracked,
      gatewayPorts,
      heardUntilUs,
      requestsFile,
    }: { tracked: readonly Wanted[]; gatewayPorts: readonly number[]; heardUntilUs: number | undefined; requestsFile: string },
    end: () => Promise<void>,
  ) {
    const clock = openClock()
    this.bus = bus
    this.publisher = publisher
    this.recorder = new Recorder({
      gateway: { host: '127.0.0.1', ports: gatewayPorts, clientId: 851, connectTimeoutMs: 3_000 },
      lines: 100,
      requestGuard: new RequestGuard(new StateFile(requestsFile), 0, clock),
      inRestartWindow: () => false,
      publisher: this.#withRoom(publisher),
      clock,
      invalid: new InvalidSink(bus),
      missedAtStart: () =>
        heardUntilUs === undefined ? undefined : { fromUs: heardUntilUs, cause: 'ingest_down', reason: 'ingest was not running' },
      remember: () => undefined,
      onNote: (note) => this.notes.push(note),
      onTime: () => undefined,
      onTick: () => undefined,
    })
    this.recorder.desire(streamsOf(tracked))
    this.#undo = [
      async () => this.#stop.abort(),
      async () => await this.#running,
      async () => clock.close(),
      () => publisher.close(),
      () => bus.close(),
      end,
    ]
    this.#running = this.recorder.run(this.#stop.signal)
  }

  #withRoom(publisher: Publisher): Publisher {
    return new Proxy(publisher, {
      get: (target, name) => {
        if (name === 'full') return this.publisherFull
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  /** As on SIGTERM; the log can still be read. */
  async stopRecorder(): Promise<void> {
    this.#stop.abort(new Error('the test stops the recorder'))
    await this.#running
  }

  /** Every line that is in the log now, by subject as stored. */
  async log(): Promise<{ subject: string; lines: Record<string, unknown>[] }[]> {
    await this.publisher.settled()
    const stop = new AbortController()
    const found: { subject: string; lines: Record<string, unknown>[] }[] = []
    const reader = openLogReader({ bus: this.bus, filter: '>', fromSeq: 1, signal: stop.signal })
    const end = this.publisher.acknowledged
    for await (const batch of reader.batches()) {
      for (const { subject, payload } of batch)
        found.push({
          subject,
          lines: Buffer.from(payload)
            .toString()
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
        })
      if ((batch.at(-1)?.seq ?? 0) >= end) break
    }
    return found
  }

  async events(kind: string): Promise<Record<string, unknown>[]> {
    return (await this.log()).filter(({ subject }) => subject === `ib.events.${kind}`).flatMap(({ lines }) => lines)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo) await undo()
  }
}
