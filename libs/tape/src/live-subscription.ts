import type { Bus } from '@ib-stream/bus'
import { eventSubject, type RecorderEventKind } from '@ib-stream/model'
import { BEFORE_ANY_LOG, formatCursor, type LiveCursor, LOOK_BACK_US } from './cursor.ts'
import { TapeError } from './errors.ts'
import type { HeardLog } from './heard-log.ts'
import type { LiveStream, SubscribeOptions } from './live-hub.ts'
import { concerns, type LiveItem, storedSubjects } from './live-item.ts'
import { logCut, replayAfter } from './live-replay.ts'
import { isAfterPlace } from './live-ring.ts'
import type { Waiter, WaitingRoom } from './waiting-room.ts'

/** What all subscriptions of a hub share. */
export interface Shared {
  bus: Bus
  heard: HeardLog
  waiting: WaitingRoom
  nowUs(): number
  /** The hub is closed. */
  closed: AbortSignal
}

export const MOST_IN_BATCH = 512

/** A subscriber: a place in the ring. No queue stands behind it, so one that is not read costs nothing and holds up nobody. */
export class LiveSubscription implements LiveStream {
  readonly #shared: Shared
  readonly #options: SubscribeOptions
  readonly #waiter: Waiter
  readonly #batches: AsyncGenerator<readonly LiveItem[]>
  /** Index in the ring of the next item to look at. */
  #next: number
  /** Items up to here were given out before. */
  #after: LiveCursor | undefined
  /** Cuts of the log that it knows of. */
  #cuts: number
  /** Cursor after the last item that was given. */
  #given: string
  /** That cursor says a time. */
  #givenTime: boolean
  /** Ends its waiting; undefined unless it has seen all that there is. */
  #goOn: (() => void) | undefined

  /** @param index where in the ring it begins; `from_log`: the ring does not reach back to the cursor, what follows it is read from the log first */
  constructor(shared: Shared, options: SubscribeOptions & { kinds: readonly RecorderEventKind[] }, index: number | 'from_log') {
    const { cids, tts, kinds, after } = options
    this.#shared = shared
    this.#options = options
    const subjects = new Set([...storedSubjects(cids, tts), ...kinds.map(eventSubject)])
    this.#waiter = { subjects, wake: (index) => this.#wake(index) }
    this.#after = after
    this.#cuts = shared.heard.cuts
    const given = after ?? startingAt(shared.nowUs(), shared.heard.place)
    this.#given = formatCursor(given)
    this.#givenTime = given.st >= 0 || given.sinceSt !== undefined
    this.#next = index === 'from_log' ? shared.heard.ring.end : index
    this.#batches = index === 'from_log' && after ? this.#replayThenFollow(after) : this.#follow()
  }

  get cursor(): string {
    const { place } = this.#shared.heard
    const moves = this.#goOn && (place.st >= 0 || !this.#givenTime) // a place that says nothing of the time is none to find in the files, once the log is trimmed
    return moves ? formatCursor(this.#placeAfter(place)) : this.#given
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly LiveItem[]> {
    return this.#batches
  }

  async *#replayThenFollow(after: LiveCursor): AsyncGenerator<readonly LiveItem[]> {
    const { bus, closed } = this.#shared
    const { signal } = this.#options
    try {
      for await (const { items, place, readSeq } of replayAfter(bus, after, AbortSignal.any([signal, closed]))) {
        const wanted = items.filter((item) => this.#isWanted(item))
        for (let i = 0; i < wanted.length; i += MOST_IN_BATCH) yield this.#give(wanted.slice(i, i + MOST_IN_BATCH))
        if (this.#joins({ ...place, kind: 'live', spoolId: after.spoolId }, readSeq)) break
      }
    } catch (error) {
      if (closed.aborted && !signal.aborted) return
      throw error
    }
    yield* this.#follow()
  }

  /** True once the ring holds everything after `place`; it then goes on there. */
  #joins(place: LiveCursor, readSeq: number): boolean {
    const { heard } = this.#shared
    const index = heard.indexAfter(place, readSeq)
    if (index === undefined) return false
    this.#next = index
    this.#after = place
    this.#cuts = heard.cuts
    return true
  }

  async *#follow(): AsyncGenerator<readonly LiveItem[]> {
    const { signal } = this.#options
    const leave = () => this.#goOn?.()
    signal.addEventListener('abort', leave) // once for all: with a listener for each wait, those of fifty busy clients are a third of the work
    try {
      for (;;) {
        signal.throwIfAborted()
        const batch = this.#take()
        if (batch.length > 0) yield this.#give(batch)
        else if (this.#shared.closed.aborted) return
        else await this.#nextItem()
      }
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** The next items; none: it has seen all. */
  #take(): LiveItem[] {
    const { ring, cuts } = this.#shared.heard
    if (this.#cuts !== cuts) throw logCut()
    if (this.#next < ring.start) throw slowConsumer(ring.start - this.#next)
    const batch: LiveItem[] = []
    while (this.#next < ring.end && batch.length < MOST_IN_BATCH) {
      const item = ring.at(this.#next)
      this.#next += 1
      if (item && this.#isWanted(item)) batch.push(this.#afterPlace(item))
    }
    return batch
  }

  /** Resolves at the next item for one that has seen all, at a cut, at the end of the hub, or when its signal aborts. */
  #nextItem(): Promise<void> {
    const { waiting } = this.#shared
    return new Promise((resolve) => {
      this.#goOn = () => {
        this.#goOn = undefined
        waiting.leave(this.#waiter)
        resolve()
      }
      waiting.enter(this.#waiter)
    })
  }

  #wake(index: number): void {
    this.#next = index // it had seen all that concerns it: the ring may have gone round since
    this.#goOn?.()
  }

  /** An item of its streams after its cursor. */
  #isWanted(item: LiveItem): boolean {
    if (!this.#waiter.subjects.has(item.subject) || (this.#after && !isAfterPlace(item, this.#after))) return false
    return item.kind === 'tick' || concerns(item.event, this.#options)
  }

  /** What it gets. Of the batch that its cursor lies in it has read a part: its next cursor must name where that part begins, not where the batch does. */
  #afterPlace(item: LiveItem): LiveItem {
    const after = this.#after
    if (!after) return item
    if (item.batchSeq < after.batchSeq) return { ...item, batchSeq: after.batchSeq, cursor: formatCursor({ ...after, st: item.st }) }
    this.#after = undefined
    return item
  }

  /** As {@link #afterPlace}, of a place. */
  #placeAfter(place: LiveCursor): LiveCursor {
    const after = this.#after
    return after && place.spoolId === after.spoolId && place.batchSeq < after.batchSeq
      ? { ...after, st: Math.max(after.st, place.st) }
      : place
  }

  #give(batch: readonly LiveItem[]): readonly LiveItem[] {
    this.#given = batch.at(-1)?.cursor ?? this.#given
    this.#givenTime ||= batch.length > 0
    return batch
  }
}

/** A place that says no time gets one from some time before now, of which the subscriber has nothing: ticks may be on their way. */
function startingAt(nowUs: number, place: LiveCursor): LiveCursor {
  if (place.st >= 0 || place.spoolId === BEFORE_ANY_LOG.spoolId) return place
  return { ...place, sinceSt: nowUs - LOOK_BACK_US }
}

function slowConsumer(missed: number): TapeError {
  return new TapeError(
    'IBS_TAPE_SLOW_CONSUMER',
    `this subscriber fell ${missed} ticks of all contracts behind what is kept for it; subscribe again after your last cursor and read faster`,
    { missed },
  )
}
