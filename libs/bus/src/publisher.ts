import { codeOf } from '@ib-stream/model'
import { type Cut, cutGroup, type LogLine } from './batch-cutter.ts'
import { type Bus, pause, unlessAborted } from './connection.ts'
import { BusError } from './errors.ts'
import { LineQueue } from './line-queue.ts'
import { type ChainEvent, type ChainState, LogChain } from './log-chain.ts'
import { openSpool, type Spool } from './spool.ts'
import type { SpoolRecord } from './spool-record.ts'

const RETRY_FIRST_MS = 100
const RETRY_MOST_MS = 5_000
/** A full spool gets room with the log's confirmations, which come all the time once they come. */
const RETRY_FULL_MS = 500
const TRIM_EVERY_MS = 30_000
/** At the end the log gets this long to confirm the rest; what it does not stays in the spool. */
const SETTLE_WITHIN_MS = 3_000
/**
 * A message costs ingest, the log and the writers some 40 µs together, a line in a batch 6: one by one, two cores take 30,000 lines a second and no more. What comes slower
 * than that is confirmed before so many messages are on their way.
 */
const MOST_SINGLES = 16
/** Lines that wait for their spool record. Beyond it `full` says so and the caller stops reading its source. */
const MOST_WAITING_LINES = 150_000

/** `spool_slow`: the spool takes writes, but fewer lines than come, and `full` says so. */
export type PublisherState = ChainState | 'spool_full' | 'spool_failed' | 'spool_slow' | 'closed'

/** What happens to the chain; for log and metrics. */
export type PublisherEvent = { kind: 'state'; state: PublisherState; reason: string } | ChainEvent

export interface Publisher extends AsyncDisposable {
  readonly state: PublisherState
  readonly spool: Pick<Spool, 'id' | 'low' | 'end' | 'bytes' | 'lastRecord' | 'lastTicks' | 'readFrom'>
  /** Newest number that the log has confirmed. */
  readonly acknowledged: number
  /** Lines that are not yet in the spool. */
  readonly waitingLines: number
  /** True while more lines wait than fit: stop reading the source. */
  readonly full: boolean
  /** Takes a line; it is numbered, spooled and sent in this order. Never blocks. */
  add(line: LogLine): void
  /** Resolves when all that was added is durable in the spool. */
  spooled(): Promise<void>
  /** Resolves when all that was added is confirmed by the log. */
  settled(signal?: AbortSignal): Promise<void>
  /**
   * Drops from the log all below `belowSeq`; what comes meanwhile waits in the spool. Nobody else may purge it while this one publishes.
   * @throws BusError `IBS_BUS_LOG_BUSY` when the log does not confirm what is on its way
   */
  trimLog(belowSeq: number): Promise<void>
  /** Spools what waits, gives the log a moment to confirm it, lets go of the spool. */
  close(): Promise<void>
}

export interface PublisherOptions {
  bus: Bus
  spoolFolder: string
  source: string
  logMaxBytes: number
  /** Most bytes of the spool; at them lines wait in memory, and `full` says when that has enough of them. */
  spoolMaxBytes?: number
  /** How often the log's server makes durable what it confirmed. */
  logSyncIntervalMs?: number
  /** Servers that keep each stream, where they are made: 1, or 3 in a cluster. @default 1 */
  replicas?: number
  /** While no more messages than these are on their way, each carries one line; beyond it what waits goes in batches. @default 16 */
  mostSingles?: number
  onEvent?: (event: PublisherEvent) => void
}

/**
 * The one publisher of the log: lines are cut into numbered messages, made durable in the spool, and only then sent (see {@link LogChain}).
 * @throws BusError of {@link openSpool}
 */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const spool = await openSpool(options.spoolFolder, {
    source: options.source,
    maxBytes: options.spoolMaxBytes,
    logSyncIntervalMs: options.logSyncIntervalMs,
  })
  return new SpoolingPublisher(options, spool).start()
}

class SpoolingPublisher implements Publisher {
  readonly spool: Spool
  #onEvent: (event: PublisherEvent) => void
  #chain: LogChain
  readonly #mostSingles: number
  #stop = new AbortController()
  #trimTimer: NodeJS.Timeout
  readonly #lines = new LineQueue()
  #spooling: Promise<void> | undefined
  #waiters: { upTo: number; resolve: () => void }[] = []
  #addedLines = 0
  #spooledLines = 0
  /** Newest number of lines that were spooled again. */
  #respooledEnd = 0
  #spoolTrouble: 'spool_full' | 'spool_failed' | undefined
  #full = false
  #said = ''
  #closing: Promise<void> | undefined

  constructor(
    { bus, source, logMaxBytes, replicas = 1, mostSingles = MOST_SINGLES, onEvent = () => undefined }: PublisherOptions,
    spool: Spool,
  ) {
    this.spool = spool
    this.#mostSingles = mostSingles
    this.#onEvent = onEvent
    this.#chain = new LogChain({
      bus,
      spool,
      source,
      logMaxBytes,
      replicas,
      respool: (records) => this.#respool(records),
      onEvent,
      onState: (reason) => this.#tellState(reason),
    })
    this.#trimTimer = setInterval(() => void spool.trim(this.acknowledged).catch(() => undefined), TRIM_EVERY_MS) // tried again at the next turn
  }

  get state(): PublisherState {
    if (this.#stop.signal.aborted) return 'closed'
    return this.#spoolTrouble ?? (this.#full ? 'spool_slow' : this.#chain.state)
  }
  get acknowledged(): number {
    return this.#chain.acknowledged
  }
  get waitingLines(): number {
    return this.#lines.length
  }
  get full(): boolean {
    return this.#full
  }

  add(line: LogLine): void {
    if (this.#closing) throw new BusError('IBS_BUS_CLOSED', 'the publisher is closed; open it again')
    this.#lines.push(line)
    this.#addedLines += 1
    if (!this.#full && this.#lines.length >= MOST_WAITING_LINES) this.#setFull(true)
    this.#spooling ??= this.#spoolAll()
  }

  /** Alone in their messages, as events are: nothing else is batched with what arrived earlier. */
  async #respool(records: readonly SpoolRecord[]): Promise<void> {
    if (this.#closing) throw new Error('the publisher is closing') // the next one finds them again
    for (const { subject, payload } of records) this.add({ subject, line: Buffer.from(payload).toString('utf8').trimEnd(), event: true })
    await this.spooled()
    this.#respooledEnd = this.spool.end
  }

  spooled(): Promise<void> {
    const upTo = this.#addedLines
    if (this.#spooledLines >= upTo) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ upTo, resolve }))
  }

  async settled(signal?: AbortSignal): Promise<void> {
    await (signal ? unlessAborted(this.spooled(), signal) : this.spooled())
    const { end } = this.spool
    while (this.acknowledged < Math.max(end, this.#respooledEnd)) await pause(5, signal)
  }

  trimLog(belowSeq: number): Promise<void> {
    return this.#chain.trim(belowSeq)
  }

  /** Group commit: whatever came while the disk was busy goes into the next write. Where that is more than one write takes, it is cut while the disk works. */
  async #spoolAll(): Promise<void> {
    await null // lines of the same turn go together
    let writing: Promise<void> | undefined
    try {
      while (this.#lines.length > 0 || writing) {
        const cut = this.#lines.length > 0 ? this.#cutNext() : undefined
        await writing
        writing = cut && this.#writeOut(cut)
      }
    } finally {
      this.#spooling = undefined // in the same turn as the last look at the lines: one that comes later begins anew
    }
  }

  #setFull(full: boolean): void {
    this.#full = full
    this.#tellState(`${this.#lines.length} lines wait for the spool, ${full ? 'more than fit: its disk is too slow' : 'fewer than fit'}`)
  }

  /** Gives the next lines their numbers, for good. */
  #cutNext(): Cut {
    const { end } = this.spool
    const mostSingles = this.#lines.isOnePiece ? this.#mostSingles : 0
    const cut = cutGroup(this.#lines.front, end + 1, { unacknowledged: end - this.acknowledged, mostSingles })
    this.#lines.drop(cut.taken)
    if (this.#full && this.#lines.length < MOST_WAITING_LINES / 2) this.#setFull(false) // not at the first free place: the source would come and go
    this.spool.append(cut.records)
    return cut
  }

  async #writeOut({ records, taken }: Cut): Promise<void> {
    await this.#syncSpool()
    this.#chain.offer(records)
    this.#spooledLines += taken
    this.#waiters = this.#waiters.filter(({ upTo, resolve }) => upTo > this.#spooledLines || resolve())
  }

  /** A disk that fails is tried again for as long as it takes: the lines wait, nothing is dropped, and the state says so. */
  async #syncSpool(): Promise<void> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
      try {
        await this.spool.sync()
        if (!this.#spoolTrouble) return
        this.#spoolTrouble = undefined
        return this.#tellState('the spool takes writes again')
      } catch (error) {
        this.#spoolTrouble = codeOf(error) === 'IBS_BUS_SPOOL_FULL' ? 'spool_full' : 'spool_failed'
        this.#tellState(String(error))
        await pause(Math.min(waitMs, this.#spoolTrouble === 'spool_full' ? RETRY_FULL_MS : RETRY_MOST_MS), this.#stop.signal)
        await this.spool.trimHard(this.acknowledged).catch(() => undefined) // tried again at the next turn
      }
    }
  }

  start(): this {
    this.#chain.resync('started')
    return this
  }

  #tellState(reason: string): void {
    const { state } = this
    const said = state === 'connecting' ? `${state}: ${reason}` : state // what keeps it from connecting is news each time it changes
    if (said === this.#said) return
    this.#said = said
    this.#onEvent({ kind: 'state', state, reason })
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.settled(AbortSignal.timeout(SETTLE_WITHIN_MS)).catch(() => undefined) // what is not confirmed stays in the spool
    this.#stop.abort(new Error('publisher closed'))
    await this.#spooling?.catch(() => undefined) // a spool that failed to the end: said by its state
    clearInterval(this.#trimTimer)
    await this.#chain.close()
    this.#tellState('closed')
    await this.spool.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
