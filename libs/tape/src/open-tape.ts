import type { Bus } from '@ib-stream/bus'
import { codeOf, type RecorderEvent, type RecorderEventKind, type TickMessage, type TickType } from '@ib-stream/model'
import { type Backend, encodeTickJson } from '@ib-stream/storage'
import {
  BEFORE_ANY_LOG,
  type Cursor,
  formatCursor,
  type HistoryCursor,
  LATE_AT_MOST_US,
  type LiveCursor,
  liveAfter,
  parseCursor,
} from './cursor.ts'
import { TapeError } from './errors.ts'
import type { History } from './joined-history.ts'
import { lateInFiles } from './late-in-files.ts'
import { readLedger } from './ledger/read-ledger.ts'
import type { LiveHub, LiveStream } from './live-hub.ts'
import { concerns } from './live-item.ts'
import { cursorGone } from './live-replay.ts'
import { openHistory } from './open-history.ts'
import { receivedUpTo } from './received-up-to.ts'

export interface TapeOptions {
  dataDir: string
  /** Default: all. */
  backends?: readonly Backend[]
  bus: Bus
  hub: LiveHub
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` of the history, µs UTC. With a cursor the history begins there. */
  startUs: number
  /** Go on after this. */
  after?: Cursor | undefined
  /** What is told of the recording, each event where it happened. */
  kinds: readonly RecorderEventKind[]
  nowUs(): number
  signal: AbortSignal
}

/** What a tape gives, in this order: history, `live`, then what arrives. */
export type TapeItem =
  | { kind: 'tick'; line: string; cursor: string }
  | { kind: 'event'; event: RecorderEvent; cursor?: string }
  /** The history is through; everything from here on comes as it arrives. */
  | { kind: 'live'; cursor: string }
  /** The log no longer holds what came between these moments (µs UTC): of ticks that arrived then those that are late by more than a day may be missing; after a cursor that says no time, all that are late. The others follow from the files. */
  | { kind: 'incomplete'; fromUs: number; toUs: number }

/** History and live as one. */
export interface Tape extends AsyncIterable<readonly TapeItem[]> {
  /** Where to go on after what was given so far. */
  readonly cursor: string | undefined
}

const BATCH_TICKS = 512
/** A history that takes longer than the log keeps its messages begins again where it ended; so often before anything comes live. */
const MOST_ROUNDS = 5

/**
 * Opens a tape: ticks in query order, then live ones in order of arrival; nothing twice, nothing missing. What the log held at the moment of the answer is history,
 * the rest is live. What is trimmed from the log before it was read live comes from the files, with `incomplete` before it and `live` behind it. It ends when the hub closes.
 *
 * While iterating: TapeError `IBS_TAPE_CURSOR_GONE` for a cursor of another recording, `IBS_TAPE_LOG_AWAY`, and those of {@link openHistory} and
 * {@link LiveHub.subscribe}; `signal.reason`.
 */
export function openTape(options: TapeOptions): Tape {
  return new JoinedTape(options)
}

/** Where a history begins. */
interface From {
  startUs: number
  /** Ticks up to it were given. */
  after?: HistoryCursor
  /** Ticks received up to then were given, µs UTC. */
  floorSt?: number
}

const fromCursor = (after: HistoryCursor): From => ({
  startUs: after.ts,
  after,
  ...(after.floorSt === undefined ? {} : { floorSt: after.floorSt }),
})

/** Where live broke off, and whether it had given anything. */
interface Cut {
  place: LiveCursor
  hasGiven: boolean
}

/** Ticks received up to then are behind a place, µs UTC; undefined where it says no time. */
const timeOf = ({ st, sinceSt }: LiveCursor): number | undefined => (st >= 0 ? st : sinceSt)

class JoinedTape implements Tape {
  readonly #options: TapeOptions
  #given: string | undefined
  #live: LiveStream | undefined
  /** Of the last tick given in history. */
  #reached: HistoryCursor | undefined
  /** Of the newest event given in history: live begins before it by some. */
  #eventSt = -1

  constructor(options: TapeOptions) {
    this.#options = options
    this.#given = options.after && formatCursor(options.after)
  }

  get cursor(): string | undefined {
    return this.#live?.cursor ?? this.#given
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly TapeItem[], void, undefined> {
    const { after, startUs, hub } = this.#options
    if (after && after.spoolId !== hub.spoolId && after.spoolId !== BEFORE_ANY_LOG.spoolId) throw foreignCursor(after, hub.spoolId)
    let from: From = after?.kind === 'history' ? fromCursor(after) : { startUs }
    let place = after?.kind === 'live' ? after : yield* this.#history(from)
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const live = await this.#subscribe(place)
      if (live !== 'gone') {
        yield [{ kind: 'live', cursor: formatCursor(place) }]
        const cut = yield* this.#follow(live)
        if (cut === undefined) return
        if (cut.hasGiven) round = 0
        place = cut.place
      }
      const givenSt = timeOf(place)
      if (givenSt !== undefined) yield [{ kind: 'incomplete', fromUs: givenSt, toUs: this.#options.nowUs() }]
      from = this.#fromFiles(place, from)
      place = yield* this.#history(from)
    }
    throw new TapeError('IBS_TAPE_LOG_CUT', 'the log was trimmed again and again before it was read; ask for a shorter history', {})
  }

  /** Where the files take over from a log that no longer holds what follows a place. */
  #fromFiles(place: LiveCursor, before: From): From {
    const floorSt = timeOf(place)
    if (floorSt !== undefined) return { startUs: floorSt - LATE_AT_MOST_US, floorSt }
    if (this.#reached) return fromCursor(this.#reached)
    if (this.#options.after?.kind === 'live') throw cursorGone(place, 'it says nothing of the time')
    return before
  }

  /** @returns where live goes on */
  async *#history(from: From): AsyncGenerator<readonly TapeItem[], LiveCursor, undefined> {
    const { history, isWhole } = await this.#open(from)
    try {
      if (history.tail === 'unavailable') throw new TapeError('IBS_TAPE_LOG_AWAY', 'the log does not answer; try again', {})
      const sinceSt = history.position && (await receivedUpTo(this.#options.bus, history.position.seq))
      const events = await this.#eventsFrom(from) // after the history was opened: what happens from then on is live
      if (!isWhole) yield [{ kind: 'incomplete', fromUs: from.after?.st ?? 0, toUs: this.#options.nowUs() }]
      const { spoolId = '-', seq: lastSeq = 0 } = history.position ?? {}
      if (from.after) {
        const late = isWhole ? history.late : await lateInFiles(this.#options, from.after, sinceSt)
        yield* this.#lateTicks(late, from.after)
      }
      const numbering = new Numbering({ spoolId, lastSeq, sinceSt, ...from })
      let next = 0
      for await (const batch of history.batches()) {
        const items: TapeItem[] = []
        for (const tick of batch) {
          const cursor = numbering.cursorOf(tick)
          if (cursor === undefined || tick.st <= (from.floorSt ?? -1)) continue
          this.#reached = cursor
          for (; (events[next]?.st ?? Number.POSITIVE_INFINITY) < placeOf(tick); next++) items.push(eventItem(events[next]))
          items.push({ kind: 'tick', line: encodeTickJson(tick), cursor: formatCursor(cursor) })
        }
        if (items.length > 0) yield this.#remember(items)
      }
      if (next < events.length) yield events.slice(next).map(eventItem)
      return history.position ? { ...liveAfter(spoolId, lastSeq), ...(sinceSt === undefined ? {} : { sinceSt }) } : BEFORE_ANY_LOG
    } finally {
      await history.close()
    }
  }

  /** A log that no longer holds what came since the cursor cannot tell what was late; the rest is in the files. */
  async #open({ startUs, after, floorSt }: From): Promise<{ history: History; isWhole: boolean }> {
    const { dataDir, backends, bus, cids, tts, signal } = this.#options
    const range = {
      dataDir,
      bus,
      cids,
      tts,
      startUs: Math.max(0, startUs),
      endUs: Number.MAX_SAFE_INTEGER,
      batchTicks: BATCH_TICKS,
      signal,
    }
    const floor = floorSt === undefined ? {} : { receivedAfterUs: floorSt }
    const options = { ...range, ...floor, ...(backends ? { backends } : {}), tailOf: 'all' } as const
    try {
      return { history: await openHistory({ ...options, ...(after ? { after } : {}) }), isWhole: true }
    } catch (error) {
      if (!after || codeOf(error) !== 'IBS_TAPE_CURSOR_GONE') throw error
      return { history: await openHistory(options), isWhole: false }
    }
  }

  async *#lateTicks(late: readonly TickMessage[], after: HistoryCursor): AsyncGenerator<readonly TapeItem[], void, undefined> {
    for (let i = 0; i < late.length; i += BATCH_TICKS) {
      const batch = late.slice(i, i + BATCH_TICKS)
      const cursorOf = ({ st }: TickMessage) => formatCursor({ ...after, lateSt: st })
      yield this.#remember(batch.map((tick) => ({ kind: 'tick', line: encodeTickJson(tick), cursor: cursorOf(tick) })))
    }
  }

  async #eventsFrom({ startUs, after, floorSt }: From): Promise<RecorderEvent[]> {
    const { kinds, bus, cids, tts, signal } = this.#options
    if (kinds.length === 0) return []
    const fromSt = Math.max(startUs, this.#eventSt + 1, (after?.st ?? -1) + 1, (floorSt ?? -1) + 1)
    const all = await readLedger({ bus, kinds, signal })
    this.#eventSt = Math.max(this.#eventSt, all.at(-1)?.st ?? -1)
    return all.filter((event) => event.st >= fromSt && concerns(event, { cids, tts }))
  }

  async #subscribe(place: LiveCursor): Promise<LiveStream | 'gone'> {
    const { hub, cids, tts, kinds, signal } = this.#options
    try {
      return await hub.subscribeWithEvents({ cids, tts, kinds, after: place, signal })
    } catch (error) {
      if (codeOf(error) === 'IBS_TAPE_CURSOR_GONE' && place.spoolId === hub.spoolId) return 'gone'
      throw error
    }
  }

  /** @returns where it had come to when the log was trimmed past it; undefined: the hub has closed */
  async *#follow(live: LiveStream): AsyncGenerator<readonly TapeItem[], Cut | undefined, undefined> {
    this.#live = live
    let hasGiven = false
    try {
      for await (const batch of live) {
        const items = batch.flatMap((item): TapeItem[] => {
          if (item.kind === 'tick') return [{ kind: 'tick', line: item.line, cursor: item.cursor }]
          return item.st > this.#eventSt ? [{ kind: 'event', event: item.event, cursor: item.cursor }] : []
        })
        hasGiven = true
        if (items.length > 0) yield items
      }
      return undefined
    } catch (error) {
      const place = parseCursor(live.cursor)
      if (codeOf(error) !== 'IBS_TAPE_LOG_CUT' || place?.kind !== 'live') throw error
      this.#given = live.cursor
      this.#live = undefined
      return { place, hasGiven }
    }
  }

  /** Remembers where to go on: what is given is done with when the next is asked for. */
  #remember(items: readonly TapeItem[]): readonly TapeItem[] {
    const last = items.findLast(({ kind }) => kind === 'tick')
    if (last?.kind === 'tick') this.#given = last.cursor
    return items
  }
}

/** Where a history ends in the log. */
interface Ended {
  spoolId: string
  lastSeq: number
  /** Ticks received up to then belong to it, µs UTC; undefined where the log does not tell. */
  sinceSt: number | undefined
}

/** Cursors of the ticks of a history: each with how many of its stamps were given. */
class Numbering {
  readonly #spoolId: string
  readonly #lastSeq: number
  readonly #after: HistoryCursor | undefined
  readonly #times: Pick<HistoryCursor, 'floorSt' | 'sinceSt'>
  #ts = -1
  #st = -1
  #k = 0

  constructor({ spoolId, lastSeq, sinceSt, after, floorSt }: Ended & Pick<From, 'after' | 'floorSt'>) {
    this.#spoolId = spoolId
    this.#lastSeq = lastSeq
    this.#after = after
    this.#times = { ...(floorSt === undefined ? {} : { floorSt }), ...(sinceSt === undefined ? {} : { sinceSt }) }
  }

  /** Undefined for a tick that was given before. Ticks come in query order. */
  cursorOf({ ts, st }: TickMessage): HistoryCursor | undefined {
    this.#k = ts === this.#ts && st === this.#st ? this.#k + 1 : 1
    this.#ts = ts
    this.#st = st
    const order = this.#after ? ts - this.#after.ts || st - this.#after.st || this.#k - this.#after.k : 1
    if (order <= 0) return undefined
    return { kind: 'history', spoolId: this.#spoolId, lastSeq: this.#lastSeq, ts, st, k: this.#k, lateSt: -1, ...this.#times }
  }
}

/** Where a tick stands among events: when it was received; one that was filled in later, when it happened. */
const placeOf = ({ bf, ts, st }: TickMessage): number => (bf ? ts : st)

const eventItem = (event: RecorderEvent | undefined): TapeItem => {
  if (!event) throw new RangeError('no event')
  return { kind: 'event', event }
}

function foreignCursor(cursor: Cursor, spoolId: string | undefined): TapeError {
  return new TapeError(
    'IBS_TAPE_CURSOR_GONE',
    `the cursor belongs to recording ${cursor.spoolId}, this is ${spoolId ?? 'none yet'}; ask again without it`,
    { ...cursor },
  )
}
