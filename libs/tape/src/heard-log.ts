import { BatchMerger, type Bus, type LogMessage, openLogReader, pause, type ReaderState, readLog } from '@ib-stream/bus'
import { BEFORE_ANY_LOG, type LiveCursor, type LivePlace } from './cursor.ts'
import { ALL_OF_LOG, type LiveItem, toLiveItem } from './live-item.ts'
import { floorAt, LiveRing, type RingBounds } from './live-ring.ts'

/** `no_log`: ingest has not made the log yet; the rest are the log reader's own words. */
export type HubState = 'no_log' | ReaderState

export type Log = Awaited<ReturnType<typeof readLog>>

export interface HeardLogOptions {
  bus: Bus
  bounds: RingBounds
  signal: AbortSignal
  onState(state: HubState, reason: string): void
  onItem(item: LiveItem, index: number): void
  /** There is something to look at that is no item: the log was cut, or it is over. */
  onTurn(): void
}

/** After so many ticks in one go, or a quarter of the ring, the event loop gets its turn: sockets are written before the ring comes round. */
const TURN_EVERY_TICKS = 4_096
const LOOK_FIRST_MS = 100
const LOOK_MOST_MS = 2_000

/** Looks until the log was seen, or that there is none yet. @throws `signal.reason` */
export async function lookAtLog(bus: Bus, signal: AbortSignal): Promise<Log> {
  for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(2 * waitMs, LOOK_MOST_MS)) {
    signal.throwIfAborted()
    try {
      return await readLog(bus.manager)
    } catch {
      await pause(waitMs * (0.5 + Math.random()), signal) // the connection is away or JetStream not up: it comes back or the signal ends this
    }
  }
}

/** The log from its end on, as it was when this was made, read once for all: its newest items in a ring. */
export class HeardLog {
  state: HubState = 'connecting'
  spoolId: string | undefined
  /** Ticks heard. */
  ticks = 0
  /** How often the log was cut before it was read. */
  cuts = 0
  readonly #options: HeardLogOptions
  readonly #turnEveryTicks: number
  #fromSeq = 1
  #ring: LiveRing

  /** @param log as it is now; undefined: there is none yet, and all of the one that comes is heard */
  constructor(log: Log, options: HeardLogOptions) {
    this.#options = options
    this.#ring = new LiveRing(options.bounds, floorAt(0))
    this.#turnEveryTicks = Math.min(TURN_EVERY_TICKS, Math.ceil(options.bounds.ticks / 4))
    if (log) this.#startAt(log.owner.spoolId, log.lastSeq + 1)
    else this.#become('no_log', 'ingest has not made the log yet')
  }

  get ring(): LiveRing {
    return this.#ring
  }

  /** Everything up to here was heard. */
  get place(): LiveCursor {
    return this.spoolId === undefined ? BEFORE_ANY_LOG : { kind: 'live', spoolId: this.spoolId, ...this.#ring.heard }
  }

  /** Where in the ring a reader goes on that has come to a place in the log, and to `readSeq`; undefined while the ring does not hold all that follows. */
  indexAfter(place: LivePlace, readSeq: number): number | undefined {
    const untouched = !this.#ring.evicted && readSeq >= this.#fromSeq - 1
    return untouched ? this.#ring.indexAfter(place) : this.#ring.firstAfter(place)
  }

  /** Hears until the signal ends it. @throws `signal.reason` */
  async run(): Promise<void> {
    const { bus, signal, onTurn } = this.#options
    try {
      while (this.spoolId === undefined) {
        await pause(LOOK_FIRST_MS, signal)
        const log = await lookAtLog(bus, signal)
        if (log) this.#startAt(log.owner.spoolId, log.firstSeq)
      }
      const batchStart = await this.#listen(this.#fromSeq)
      if (batchStart === undefined) return
      this.#startAt(this.spoolId, batchStart)
      await this.#listen(batchStart)
    } finally {
      this.#become('closed', 'closed')
      onTurn()
    }
  }

  #startAt(spoolId: string, fromSeq: number): void {
    this.spoolId = spoolId
    this.#fromSeq = fromSeq
    this.#ring = new LiveRing(this.#options.bounds, floorAt(fromSeq - 1))
  }

  /** Gives a sequence back when the log's end, where it began, was inside a batch: that is where the batch starts. */
  async #listen(fromSeq: number): Promise<number | undefined> {
    const { bus, signal } = this.#options
    const spoolId = this.spoolId ?? ''
    const merger = new BatchMerger()
    const onState = (state: ReaderState, reason: string) => {
      if (state !== 'closed') this.#become(state, reason) // the reader may be opened once more; it is said here when all is over
    }
    const onCut = (wanted: number, firstSeq: number) => this.#onCut(wanted, firstSeq)
    const reader = openLogReader({ bus, filter: ALL_OF_LOG, fromSeq, spoolId, signal, onState, onCut })
    let first = true
    for await (const messages of reader.batches()) {
      const inside = first ? startOfBatch(messages[0]) : undefined
      first = false
      if (inside !== undefined && inside < fromSeq) return inside
      await this.#hear(messages, merger)
    }
    return undefined
  }

  async #hear(messages: readonly LogMessage[], merger: BatchMerger): Promise<void> {
    let sinceTurn = 0
    for (const message of messages) {
      for (const line of merger.push(message)) {
        const item = toLiveItem(line, this.spoolId ?? '')
        if (item) this.#give(item)
        sinceTurn += 1
        if (sinceTurn < this.#turnEveryTicks) continue
        sinceTurn = 0
        await new Promise((resolve) => setImmediate(resolve))
        this.#options.signal.throwIfAborted()
      }
    }
  }

  #give(item: LiveItem): void {
    const index = this.#ring.push(item)
    if (item.kind === 'tick') this.ticks += 1
    this.#options.onItem(item, index)
  }

  #onCut(wantedSeq: number, firstSeq: number): void {
    this.cuts += 1
    this.#ring.clear(firstSeq - 1)
    this.#options.onState(this.state, `the log was cut: wanted ${wantedSeq}, it begins at ${firstSeq}`)
    this.#options.onTurn()
  }

  #become(state: HubState, reason: string): void {
    if (state === this.state || this.state === 'closed') return
    this.state = state
    this.#options.onState(state, reason)
  }
}

/** First sequence of the batch that a message stands in; its own for a single one. */
function startOfBatch(message: LogMessage | undefined): number | undefined {
  return message && message.seq - ((message.batch?.k ?? 1) - 1)
}
