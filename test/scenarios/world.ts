import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, openLogReader } from '@ib-stream/bus'
import type { FaultOrder, GatewaySim, Tick } from '@ib-stream/gateway-sim'
import { hash31, TICK_TYPES, type TickType } from '@ib-stream/model'
import { openWriter } from '@ib-stream/writer'
import { IngestBench } from '../../services/ingest/test/ingest-bench.ts'
import { jsonLines } from '../../services/writer-json/src/json-lines.ts'
import { byStream, type PlainTick, readEvents, readJsonFiles, readTruth } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { IBM, MNQ, MORNING, type RecorderEventLine, type Scenario, TRACKED } from './scenario.ts'

/** Everything that was sent, happened and was recorded. */
export interface Outcome {
  sent: Map<string, PlainTick[]>
  recorded: Map<string, PlainTick[]>
  events: RecorderEventLine[]
  /** Ticks of the market by stream, sent or not. */
  market: Map<string, readonly Tick[]>
  /** When every stream had its first tick, and when the gateway was ended, µs of the clock: the cause of what begins outside is not judged. */
  flowingUs: number
  endUs: number
}

/** Streams that were never silent for more than a second: a minute's silence is too long. */
const KNOWN_PACES = Object.fromEntries(
  [MNQ, IBM].flatMap((cid) => TICK_TYPES.map((tt) => [hash31(cid, tt), { open: Array(12).fill(1_000), extended: Array(12).fill(1_000) }])),
)

/** Filling looks at some seconds before a gap too. */
const FILLED_AROUND_US = 10_000_000

/** A nats-server, and in this process simulator, ingest and the json writer, on one clock. */
export class World implements AsyncDisposable {
  readonly ingest: IngestBench
  readonly rate: number
  readonly #truthFolder: string
  #flowingUs: number | undefined
  readonly #stopWriter = new AbortController()
  readonly #writing: Promise<void>

  static async open({ env, sim, tracked = TRACKED, clock = MORNING }: Scenario): Promise<World> {
    const truthFolder = await mkdtemp(join(tmpdir(), 'ibs-truth-'))
    const ingest = await IngestBench.open({
      env: { IB_STREAM_TRACKED_CONTRACTS: tracked, IB_STREAM_BACKFILL: '24h', ...env },
      sim: { rate: 0.2, truth: join(truthFolder, 'truth.jsonl'), ...sim },
      clock,
      state: { 'paces.json': KNOWN_PACES },
    })
    return new World(ingest, clock.rate, truthFolder)
  }

  constructor(ingest: IngestBench, rate: number, truthFolder: string) {
    this.ingest = ingest
    this.rate = rate
    this.#truthFolder = truthFolder
    const { bus, dataDir } = ingest
    const writer = openWriter({
      codec: jsonLines,
      bus,
      dataDir,
      source: 'simulator',
      checkpointVisibleMs: 200,
      checkpointDurableMs: 10_000,
      onChange: () => undefined,
    })
    this.#writing = writer.run(this.#stopWriter.signal)
  }

  get sim(): GatewaySim {
    return this.ingest.sim
  }
  get bus(): Bus {
    return this.ingest.bus
  }
  /** µs of the clock. */
  get nowUs(): number {
    return Date.parse(this.sim.stats().clock) * 1_000
  }

  fault(order: FaultOrder): { id: number; lift(): void } {
    const { id } = this.sim.faults.order(order)
    return { id, lift: () => void this.sim.faults.lift(id) }
  }

  /** Waits for so many seconds of the clock. */
  pass(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / this.rate))
  }

  /** Waits until every stream that is asked for has ticks, more than now. */
  async flowing(): Promise<void> {
    await waitFor('it is asked for', () => this.ingest.streams.length > 0)
    await Promise.all(this.ingest.streams.map(({ cid, tt }) => this.ingest.ticks(cid, tt)))
    this.#flowingUs ??= this.nowUs
  }

  /** Every gap that is over has been filled, as far as IB's history goes. */
  async filled(): Promise<void> {
    await waitFor('all gaps are filled', () => this.ingest.part('backfill')?.jobs === 0, 120_000)
  }

  /** What was sent up to a moment has arrived: streams that flow are beyond it. */
  async #heardBeyond(us: number): Promise<void> {
    const behind = () => this.ingest.streams.filter(({ state, last }) => state === 'subscribed' && (last?.ts ?? 0) <= us)
    await waitFor('what was sent has arrived', () => behind().length === 0, 10_000).catch(() => undefined) // one that is quiet has nothing on its way
  }

  /** Ends the gateway, then ingest, and waits until the files have all that the log has. */
  async finish(): Promise<Outcome> {
    await this.filled()
    const endUs = this.nowUs
    await this.#heardBeyond(endUs)
    const market = await this.#market(endUs)
    await this.sim.close()
    await waitFor('the log has everything', () => {
      const publisher = this.ingest.part('publisher')
      return publisher !== undefined && publisher.spoolEnd === publisher.acknowledged && publisher.waitingLines === 0
    })
    await this.ingest.stop()
    const { dataDir } = this.ingest
    const lines = await this.#linesInLog()
    // A file may be read while its last line is being written.
    const count = (files: Promise<readonly unknown[]>) => files.then(({ length }) => length).catch(() => 0)
    await waitFor('the files have what the log has', async () => (await count(readJsonFiles(dataDir))) >= lines.ticks)
    await waitFor('the events have what the log has', async () => (await count(readEvents(dataDir))) >= lines.events)
    this.#stopWriter.abort(new Error('the scenario is over'))
    await this.#writing
    // A late stamp lies in the file of its own hour; what is judged is the order of arrival.
    const recorded = (await readJsonFiles(dataDir)).sort((a, b) => (a.st ?? 0) - (b.st ?? 0))
    const sent = byStream(await readTruth(join(this.#truthFolder, 'truth.jsonl')))
    return {
      sent,
      recorded: byStream(recorded),
      events: (await readEvents(dataDir)) as RecorderEventLine[],
      market,
      flowingUs: this.#flowingUs ?? endUs,
      endUs,
    }
  }

  /** Since the stream was first asked for, or since its first gap began, which is filled from its beginning. */
  async #market(endUs: number): Promise<Map<string, readonly Tick[]>> {
    const since = new Map<string, { conId: number; kind: TickType; startUs: number }>()
    const begins = ({ cid, tt }: { cid: number; tt: TickType }, us: number) => {
      const known = since.get(`${cid}_${tt}`)
      since.set(`${cid}_${tt}`, { conId: cid, kind: tt, startUs: Math.min(us, known?.startUs ?? us) })
    }
    for (const event of await this.ingest.events<{ cid: number; tt: TickType; st: number }>('subscription')) begins(event, event.st)
    for (const gap of await this.ingest.events<{ cid: number; tt: TickType; fromUs: number }>('gap'))
      begins(gap, gap.fromUs - FILLED_AROUND_US)
    const found = new Map<string, readonly Tick[]>()
    for (const [stream, query] of since) found.set(stream, await this.sim.tape({ ...query, endUs }))
    return found
  }

  async #linesInLog(): Promise<{ ticks: number; events: number }> {
    const { state } = await this.bus.manager.streams.info('TICKS')
    const count = { ticks: 0, events: 0 }
    const stop = new AbortController()
    const reader = openLogReader({ bus: this.bus, filter: '>', fromSeq: 1, signal: stop.signal })
    for await (const batch of reader.batches()) {
      for (const { subject, payload } of batch)
        count[subject.startsWith('ticks.') ? 'ticks' : 'events'] += Buffer.from(payload).toString().split('\n').length - 1
      if ((batch.at(-1)?.seq ?? 0) >= state.last_seq) break
    }
    stop.abort(new Error('read'))
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWriter.abort(new Error('the scenario is over'))
    await this.#writing
    await this.ingest[Symbol.asyncDispose]()
    await rm(this.#truthFolder, { recursive: true, force: true })
  }
}
