import type { Publisher } from '@ib-stream/bus'
import {
  type ClockEvent,
  eventSubject,
  type GapEvent,
  type GapOpenedEvent,
  type JumpEvent,
  type LagEvent,
  type RecorderEvent,
  type RollEvent,
  type SubscriptionEvent,
} from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import type { ConnectionChange } from './connection/connection.ts'
import type { TickStream } from './decode-tick.ts'
import type { RecorderNote } from './recorder-note.ts'

/** An event without what its place in the log adds. */
type Noticed<Event> = Event extends unknown ? Omit<Event, 'st' | 'epoch'> : never

/** Something that was noticed beside the recording. */
export type Announcement = Noticed<RollEvent | JumpEvent | ClockEvent | LagEvent>

export interface RecorderLogOptions {
  clock: Clock
  publisher: Pick<Publisher, 'add'>
  /** Number of connections that took requests. */
  epoch(): number
  onNote(note: RecorderNote): void
}

/** Puts what happens to the recording into the log, at its place between the ticks, and tells it. */
export class RecorderLog {
  readonly #options: RecorderLogOptions

  constructor(options: RecorderLogOptions) {
    this.#options = options
  }

  /** Stamp and epoch of an event that is made now. */
  head(): { st: number; epoch: number } {
    return { st: this.#options.clock.stampUs(), epoch: this.#options.epoch() }
  }

  announce({ kind, ...facts }: Announcement): void {
    this.#publish({ kind, ...this.head(), ...facts } as RecorderEvent)
  }

  gap(event: GapEvent | GapOpenedEvent): void {
    this.#publish(event)
    if (event.kind !== 'gap') return
    const { kind, cid, tt, fromUs, toUs, cause, reason } = event
    this.#options.onNote({ kind, cid, tt, fromUs, toUs, cause, reason })
  }

  connection(state: 'connected' | 'disconnected', { reason, code, host, port }: ConnectionChange): void {
    this.#publish({ kind: 'connection', ...this.head(), state, host, port, reason, ...(code === undefined ? {} : { code }) })
  }

  /** @param advice what a person can do about a refusal; not in the log */
  subscription(
    { cid, tt, rid }: TickStream,
    what: Pick<SubscriptionEvent, 'state' | 'code' | 'reason'>,
    { advice }: { advice?: string } = {},
  ): void {
    this.#publish({ kind: 'subscription', ...this.head(), cid, tt, rid, ...what })
    this.#options.onNote({ kind: 'stream', cid, tt, rid, ...what, ...(advice !== undefined && { reason: `${what.reason}; ${advice}` }) })
  }

  #publish(event: RecorderEvent): void {
    this.#options.publisher.add({ subject: eventSubject(event.kind), line: JSON.stringify(event), event: true })
  }
}
