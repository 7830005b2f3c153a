import { type Bus, readLog } from '@ib-stream/bus'
import { type RecorderEventKind, type TickType, usFromMs } from '@ib-stream/model'
import { BEFORE_ANY_LOG, type LiveCursor, liveAfter } from './cursor.ts'
import { TapeError } from './errors.ts'
import { HeardLog, type HubState, type Log, lookAtLog } from './heard-log.ts'
import type { LiveItem, LiveTick } from './live-item.ts'
import { cursorGone } from './live-replay.ts'
import type { RingBounds } from './live-ring.ts'
import { LiveSubscription, type Shared } from './live-subscription.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface LiveHubOptions {
  bus: Bus
  /** How far a subscriber may fall behind. @default 131072 ticks, 32 MiB of lines (about 64 MiB of memory) */
  ring?: RingBounds
  /** The clock that stamps ticks (`st`), µs UTC. @default the system's */
  nowUs?: () => number
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
   * 512 ticks. It ends when the hub closes and throws `signal.reason` when its own signal aborts. No queue stands behind it: it is a place in
   * the ring, so one that is not read costs nothing and holds up nobody.
   * @throws TapeError `IBS_TAPE_CURSOR_GONE`, `IBS_TAPE_LOG_AWAY`, `IBS_TAPE_CLOSED`; while iterating also `IBS_TAPE_SLOW_CONSUMER`, `IBS_TAPE_LOG_CUT`
   */
  subscribe(options: SubscribeOptions): Promise<LiveStream<LiveTick>>
  /** As {@link subscribe}, with what happened to the recording in its place: events of some kinds that concern these streams. */
  subscribeWithEvents(options: SubscribeOptions & { kinds: readonly RecorderEventKind[] }): Promise<LiveStream>
  close(): Promise<void>
}

const DEFAULT_RING: RingBounds = { ticks: 2 ** 17, bytes: 32 * 2 ** 20 }

/**
 * Starts at the end of the log as it is now. Waits until the log was looked at once; that there is none yet is an answer.
 * @throws `signal.reason`
 */
export async function openLiveHub(options: LiveHubOptions): Promise<LiveHub> {
  return new RingHub(options, await lookAtLog(options.bus, options.signal))
}

class RingHub implements LiveHub {
  readonly #bus: Bus
  readonly #stop = new AbortController()
  readonly #shared: Shared
  readonly #running: Promise<void>

  constructor({ bus, ring: bounds = DEFAULT_RING, nowUs = () => usFromMs(Date.now()), signal, onState }: LiveHubOptions, log: Log) {
    const closed = AbortSignal.any([signal, this.#stop.signal])
    const waiting = new WaitingRoom()
    const heard = new HeardLog(log, {
      bus,
      bounds,
      signal: closed,
      onState: (state, reason) => onState?.(state, reason),
      onItem: ({ subject }, index) => waiting.wake(subject, index),
      onTurn: () => waiting.wakeAll(heard.ring.end),
    })
    this.#bus = bus
    this.#shared = { bus, heard, waiting, nowUs, closed }
    this.#running = heard.run().catch((error: unknown) => {
      if (!closed.aborted) throw error
    })
  }

  get state(): HubState {
    return this.#shared.heard.state
  }
  get spoolId(): string | undefined {
    return this.#shared.heard.spoolId
  }
  get ticks(): number {
    return this.#shared.heard.ticks
  }

  subscribe(options: SubscribeOptions): Promise<LiveStream<LiveTick>> {
    return this.subscribeWithEvents({ ...options, kinds: [] }) as Promise<LiveStream<LiveTick>> // of no kinds: ticks alone
  }

  async subscribeWithEvents(options: SubscribeOptions & { kinds: readonly RecorderEventKind[] }): Promise<LiveStream> {
    const { heard, closed } = this.#shared
    if (closed.aborted) throw new TapeError('IBS_TAPE_CLOSED', 'the hub is closed; open it again')
    const { after: asked, ...streams } = options
    const after = this.#after(asked)
    if (!after) return new LiveSubscription(this.#shared, streams, heard.ring.end)
    if (after.spoolId !== heard.spoolId)
      throw cursorGone(after, `it belongs to recording ${after.spoolId}, this is ${heard.spoolId ?? 'none yet'}`)
    const index = heard.ring.firstAfter(after)
    if (index === undefined) await this.#assertHeld(after)
    return new LiveSubscription(this.#shared, { ...streams, after }, index ?? 'from_log')
  }

  close(): Promise<void> {
    this.#stop.abort(new TapeError('IBS_TAPE_CLOSED', 'the hub is closed; open it again'))
    return this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A subscriber that came before there was a log goes on with its first message. */
  #after(given: LiveCursor | undefined): LiveCursor | undefined {
    if (given?.spoolId !== BEFORE_ANY_LOG.spoolId) return given
    const { spoolId } = this.#shared.heard
    return spoolId === undefined ? undefined : liveAfter(spoolId, 0)
  }

  async #assertHeld(cursor: LiveCursor): Promise<void> {
    let log: Log
    try {
      log = await readLog(this.#bus.manager)
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
}
