import { BatchMerger, type Bus, type LogMessage, openLogReader, pause, type ReaderState, readLog } from '@ib-stream/bus'
import { eventSubject, type RecorderEventKind, type TickType } from '@ib-stream/model'
import { BEFORE_ANY_LOG, formatCursor, type LiveCursor, liveAfter } from './cursor.ts'
import { TapeError } from './errors.ts'
import { ALL_OF_LOG, concerns, type LiveItem, type LiveTick, storedSubjects, toLiveItem } from './live-item.ts'
import { cursorGone, replayAfter } from './live-replay.ts'
import { floorAt, isAfterPlace, LiveRing, type RingBounds } from './live-ring.ts'

/** `no_log`: ingest has not made the log yet; the rest are the log reader's own words. */
export type HubState = 'no_log' | ReaderState

export interface LiveHubOptions {
  bus: Bus
  /** How far a subscriber may fall behind. @default 131072 ticks, 32 MiB of lines (about 64 MiB of memory) */
  ring?: RingBounds
  /** Ends the hub as `close` does. */
  signal: AbortSignal
  onState?: (state: HubState, reason: string) => void
}

export interface SubscribeOptions {
  cids: readonly number[]
  tts: readonly TickType[]
  /** Go on after this cursor; without it the first tick is the next one that the hub hears. */
  after?: LiveCursor
  signal: AbortSignal
}

/** What one subscriber gets, in order of arrival. */
export interface LiveStream<Item extends LiveItem = LiveItem> extends AsyncIterable<readonly Item[]> {
  /**
   * Where to go on after what was given so far: also before the first tick, and while nothing comes it moves on with the hub, so that it stays within what the
   * log holds.
   */
  readonly cursor: string
}

/** Live ticks for any number of subscribers from one ordered reader of the log. */
export interface LiveHub extends AsyncDisposable {
  readonly state: HubState
  /** Whose log it is; undefined while there is none. */
  readonly spoolId: string | undefined
  /** Ticks heard since the start. */
  readonly ticks: number
  /**
   * A subscription from this moment on (or from the cursor), in order of arrival, nothing twice, nothing left out. Batches are never empty and at most
   * {@link MOST_IN_BATCH} ticks. It ends when the hub closes and throws `signal.reason` when its own signal aborts. No queue stands behind it: it is a place in
   * the ring, so one that is not read costs nothing and holds up nobody.
   * @throws TapeError `IBS_TAPE_CURSOR_GONE`, `IBS_TAPE_LOG_AWAY`, `IBS_TAPE_CLOSED`; while iterating also `IBS_TAPE_SLOW_CONSUMER`, `IBS_TAPE_LOG_CUT`
   */
  subscribe(options: SubscribeOptions): Promise<LiveStream<LiveTick>>
  /** As {@link subscribe}, with what happened to the recording in its place: events of some kinds that concern these streams. */
  subscribeWithEvents(options: SubscribeOptions & { kinds: readonly RecorderEventKind[] }): Promise<LiveStream>
  close(): Promise<void>
}

const DEFAULT_RING: RingBounds = { ticks: 2 ** 17, bytes: 32 * 2 ** 20 }
export const MOST_IN_BATCH = 512
/** After so many ticks in one go, or a quarter of the ring, the event loop gets its turn: sockets are written before the ring comes round. */
const TURN_EVERY_TICKS = 4_096
const LOOK_FIRST_MS = 100
const LOOK_MOST_MS = 2_000

/**
 * Starts at the end of the log as it is now. Waits until the log was looked at once; that there is none yet is an answer.
 * @throws `signal.reason`
 */
export async function openLiveHub(options: LiveHubOptions): Promise<LiveHub> {
  return new RingHub(options, await lookAtLog(options.bus, options.signal))
}

type Log = Awaited<ReturnType<typeof readLog>>

async function lookAtLog(bus: Bus, signal: AbortSignal): Promise<Log> {
  for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(2 * waitMs, LOOK_MOST_MS)) {
    signal.throwIfAborted()
    try {
      return await readLog(bus.manager)
    } catch {
      await pause(waitMs * (0.5 + Math.random()), signal) // the connection is away or JetStream not up: it comes back or the signal ends this
    }
  }
}

interface Subscriber {
  subjects: ReadonlySet<string>
  streams: Pick<SubscribeOptions, 'cids' | 'tts'>
  /** Index in the ring of the next tick to look at. */
  next: number
  /** Ticks up to here were given out before. */
  after: LiveCursor | undefined
  /** Cuts of the log that it knows of. */
  cuts: number
  /** Cursor after the last item that was given. */
  given: string
  /** It has seen all that there is. */
  idle: boolean
}

interface Waiter {
  subscriber: Subscriber
  wake(): void
}

class RingHub implements LiveHub {
  state: HubState = 'connecting'
  spoolId: string | undefined
  ticks = 0
  readonly #options: LiveHubOptions
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #running: Promise<void>
  readonly #turnEveryTicks: number
  #fromSeq = 1
  #ring: LiveRing
  #cuts = 0
  /** Subscribers that have seen all there is, by each subject that would wake them. */
  #waiting = new Map<string, Set<Waiter>>()

  constructor(options: LiveHubOptions, log: Log) {
    this.#options = options
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal])
    const bounds = options.ring ?? DEFAULT_RING
    this.#ring = new LiveRing(bounds, floorAt(0))
    this.#turnEveryTicks = Math.min(TURN_EVERY_TICKS, Math.ceil(bounds.ticks / 4))
    if (log) this.#startAt(log.owner.spoolId, log.lastSeq + 1)
    else this.#become('no_log', 'ingest has not made the log yet')
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#signal.aborted) throw error
    })
  }

  subscribe(options: SubscribeOptions): Promise<LiveStream<LiveTick>> {
    return this.subscribeWithEvents({ ...options, kinds: [] }) as Promise<LiveStream<LiveTick>> // of no kinds: ticks alone
  }

  async subscribeWithEvents(options: SubscribeOptions & { kinds: readonly RecorderEventKind[] }): Promise<LiveStream> {
    if (this.#signal.aborted) throw new TapeError('IBS_TAPE_CLOSED', 'the hub is closed; open it again')
    const { cids, tts, kinds, signal } = options
    const after = this.#after(options.after)
    const subscriber: Subscriber = {
      subjects: new Set([...storedSubjects(cids, tts), ...kinds.map(eventSubject)]),
      streams: { cids, tts },
      next: this.#ring.end,
      after,
      cuts: this.#cuts,
      given: formatCursor(after ?? this.#place),
      idle: false,
    }
    if (!after) return this.#streamOf(subscriber, this.#follow(subscriber, signal))
    if (after.spoolId !== this.spoolId)
      throw cursorGone(after, `it belongs to recording ${after.spoolId}, this is ${this.spoolId ?? 'none yet'}`)
    const index = this.#ring.firstAfter(after)
    if (index === undefined) await this.#assertHeld(after)
    else subscriber.next = index
    return this.#streamOf(
      subscriber,
      index === undefined ? this.#replayThenFollow(subscriber, after, signal) : this.#follow(subscriber, signal),
    )
  }

  close(): Promise<void> {
    this.#stop.abort(new TapeError('IBS_TAPE_CLOSED', 'the hub is closed; open it again'))
    return this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Everything up to here was heard. */
  get #place(): LiveCursor {
    return this.spoolId === undefined ? BEFORE_ANY_LOG : { kind: 'live', spoolId: this.spoolId, ...this.#ring.heard }
  }

  /** A subscriber that came before there was a log goes on with its first message. */
  #after(given: LiveCursor | undefined): LiveCursor | undefined {
    if (given?.spoolId !== BEFORE_ANY_LOG.spoolId) return given
    return this.spoolId === undefined ? undefined : liveAfter(this.spoolId, 0)
  }

  #streamOf(subscriber: Subscriber, batches: AsyncGenerator<readonly LiveItem[]>): LiveStream {
    const cursor = () => (subscriber.idle ? formatCursor(placeFor(this.#place, subscriber)) : subscriber.given)
    return {
      get cursor() {
        return cursor()
      },
      [Symbol.asyncIterator]: () => batches,
    }
  }

  #startAt(spoolId: string, fromSeq: number): void {
    this.spoolId = spoolId
    this.#fromSeq = fromSeq
    this.#ring = new LiveRing(this.#options.ring ?? DEFAULT_RING, floorAt(fromSeq - 1))
  }

  async #run(): Promise<void> {
    try {
      while (this.spoolId === undefined) {
        await pause(LOOK_FIRST_MS, this.#signal)
        const log = await lookAtLog(this.#options.bus, this.#signal)
        if (log) this.#startAt(log.owner.spoolId, log.firstSeq)
      }
      const batchStart = await this.#listen(this.#fromSeq)
      if (batchStart === undefined) return
      this.#startAt(this.spoolId, batchStart)
      await this.#listen(batchStart)
    } finally {
      this.#become('closed', 'closed')
      this.#wakeAll()
    }
  }

  /** Hears the log until the signal ends it. Gives a sequence back when the log's end, where it began, was inside a batch: that is where the batch starts. */
  async #listen(fromSeq: number): Promise<number | undefined> {
    const { bus } = this.#options
    const spoolId = this.spoolId ?? ''
    const merger = new BatchMerger()
    const onState = (state: ReaderState, reason: string) => {
      if (state !== 'closed') this.#become(state, reason) // the reader may be opened once more; the hub says itself when it is over
    }
    const onCut = (wanted: number, firstSeq: number) => this.#onCut(wanted, firstSeq)
    const reader = openLogReader({ bus, filter: ALL_OF_LOG, fromSeq, spoolId, signal: this.#signal, onState, onCut })
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
        this.#signal.throwIfAborted()
      }
    }
  }

  #give(item: LiveItem): void {
    const index = this.#ring.push(item)
    if (item.kind === 'tick') this.ticks += 1
    const waiters = this.#waiting.get(item.subject)
    if (!waiters) return
    for (const waiter of waiters) {
      waiter.subscriber.next = index // it had seen all that concerns it: the ring may have gone round since
      waiter.wake()
    }
  }

  #onCut(wantedSeq: number, firstSeq: number): void {
    this.#cuts += 1
    this.#ring.clear(firstSeq - 1)
    this.#options.onState?.(this.state, `the log was cut: wanted ${wantedSeq}, it begins at ${firstSeq}`)
    this.#wakeAll()
  }

  async #assertHeld(cursor: LiveCursor): Promise<void> {
    let log: Log
    try {
      log = await readLog(this.#options.bus.manager)
    } catch (cause) {
      throw new TapeError(
        'IBS_TAPE_LOG_AWAY',
        'the log does not answer, so the cursor cannot be looked up; try again',
        { ...cursor },
        { cause },
      )
    }
    if (!log) throw cursorGone(cursor, 'there is no log')
    if (log.owner.spoolId !== cursor.spoolId) throw cursorGone(cursor, `the log is of recording ${log.owner.spoolId}`)
    if (log.firstSeq > cursor.batchSeq) throw cursorGone(cursor, `the log begins at ${log.firstSeq}`)
  }

  async *#replayThenFollow(subscriber: Subscriber, after: LiveCursor, signal: AbortSignal): AsyncGenerator<readonly LiveItem[]> {
    const either = AbortSignal.any([signal, this.#signal])
    try {
      for await (const { items, place, readSeq } of replayAfter(this.#options.bus, after, either)) {
        const wanted = items.filter((item) => isWanted(item, subscriber))
        for (let i = 0; i < wanted.length; i += MOST_IN_BATCH) yield given(wanted.slice(i, i + MOST_IN_BATCH), subscriber)
        if (this.#joins({ ...place, kind: 'live', spoolId: after.spoolId }, readSeq, subscriber)) break
      }
    } catch (error) {
      if (this.#signal.aborted && !signal.aborted) return
      throw error
    }
    yield* this.#follow(subscriber, signal)
  }

  /** True once the ring holds everything after `place`; the subscriber then goes on there. */
  #joins(place: LiveCursor, readSeq: number, subscriber: Subscriber): boolean {
    const untouched = !this.#ring.evicted && readSeq >= this.#fromSeq - 1
    const index = untouched ? this.#ring.indexAfter(place) : this.#ring.firstAfter(place)
    if (index === undefined) return false
    subscriber.next = index
    subscriber.after = place
    subscriber.cuts = this.#cuts
    return true
  }

  async *#follow(subscriber: Subscriber, signal: AbortSignal): AsyncGenerator<readonly LiveItem[]> {
    for (;;) {
      signal.throwIfAborted()
      const batch = this.#take(subscriber)
      if (batch.length > 0) yield given(batch, subscriber)
      else if (this.#signal.aborted) return
      else await this.#nextFor(subscriber, signal)
    }
  }

  /** The next ticks of a subscriber; none: it has seen all. */
  #take(subscriber: Subscriber): LiveItem[] {
    if (subscriber.cuts !== this.#cuts) throw logCut()
    if (subscriber.next < this.#ring.start) throw slowConsumer(this.#ring.start - subscriber.next)
    const batch: LiveItem[] = []
    while (subscriber.next < this.#ring.end && batch.length < MOST_IN_BATCH) {
      const item = this.#ring.at(subscriber.next)
      subscriber.next += 1
      if (item && isWanted(item, subscriber)) batch.push(afterPlace(item, subscriber))
    }
    return batch
  }

  /** Resolves at the next tick for a subscriber that has seen all, at a cut, at the end of the hub, or when its signal aborts. */
  #nextFor(subscriber: Subscriber, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        subscriber.idle = false
        for (const subject of subscriber.subjects) {
          const waiters = this.#waiting.get(subject)
          waiters?.delete(waiter)
          if (waiters?.size === 0) this.#waiting.delete(subject)
        }
        resolve()
      }
      const waiter: Waiter = { subscriber, wake }
      subscriber.idle = true
      signal.addEventListener('abort', wake)
      for (const subject of subscriber.subjects) {
        const waiters = this.#waiting.get(subject) ?? new Set<Waiter>()
        this.#waiting.set(subject, waiters.add(waiter))
      }
    })
  }

  #wakeAll(): void {
    for (const waiter of new Set([...this.#waiting.values()].flatMap((waiters) => [...waiters]))) {
      waiter.subscriber.next = this.#ring.end
      waiter.wake()
    }
  }

  #become(state: HubState, reason: string): void {
    if (state === this.state || this.state === 'closed') return
    this.state = state
    this.#options.onState?.(state, reason)
  }
}

/** First sequence of the batch that a message stands in; its own for a single one. */
function startOfBatch(message: LogMessage | undefined): number | undefined {
  return message && message.seq - ((message.batch?.k ?? 1) - 1)
}

/** An item of its streams after its cursor. */
function isWanted(item: LiveItem, { subjects, streams, after }: Subscriber): boolean {
  if (!subjects.has(item.subject) || (after && !isAfterPlace(item, after))) return false
  return item.kind === 'tick' || concerns(item.event, streams)
}

/** What a subscriber gets. Of the batch that its cursor lies in it has read a part: its next cursor must name where that part begins, not where the batch does. */
function afterPlace(item: LiveItem, subscriber: Subscriber): LiveItem {
  const { after } = subscriber
  if (!after) return item
  if (item.batchSeq < after.batchSeq) return { ...item, batchSeq: after.batchSeq, cursor: formatCursor({ ...after, st: item.st }) }
  subscriber.after = undefined
  return item
}

/** As {@link afterPlace}, of a place. */
function placeFor(place: LiveCursor, { after }: Subscriber): LiveCursor {
  return after && place.spoolId === after.spoolId && place.batchSeq < after.batchSeq
    ? { ...after, st: Math.max(after.st, place.st) }
    : place
}

function given(batch: readonly LiveItem[], subscriber: Subscriber): readonly LiveItem[] {
  subscriber.given = batch.at(-1)?.cursor ?? subscriber.given
  return batch
}

function slowConsumer(missed: number): TapeError {
  return new TapeError(
    'IBS_TAPE_SLOW_CONSUMER',
    `this subscriber fell ${missed} ticks of all contracts behind what is kept for it; subscribe again after your last cursor and read faster`,
    { missed },
  )
}

function logCut(): TapeError {
  return new TapeError('IBS_TAPE_LOG_CUT', 'the log was trimmed before it was read live, ticks are missing here; query the time in between')
}
