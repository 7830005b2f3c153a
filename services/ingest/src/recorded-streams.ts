import { tickSubject } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import type { DesiredStream } from './subscriptions/line-plan.ts'

/** What is known of one stream that is desired. */
export interface RecordedStream extends DesiredStream {
  /** Of its ticks in the log. */
  subject: string
  /** Since when it is desired without a break, µs UTC. */
  desiredUs: number
  ticks: number
  lastStUs: number | undefined
  last?: TickMessage
}

/** The streams that are desired, and what came of each. */
export class RecordedStreams {
  readonly #byId = new Map<number, RecordedStream>()
  /** Ids of streams that nobody wants any more; IB may go on sending for a while. */
  readonly #left = new Set<number>()

  get all(): RecordedStream[] {
    return [...this.#byId.values()]
  }

  of(rid: number): RecordedStream | undefined {
    return this.#byId.get(rid)
  }

  /** It was desired once and is no longer. */
  wasLeft(rid: number): boolean {
    return this.#left.has(rid)
  }

  /** From now on these are desired, no others. @param onLeft told of each that is no longer */
  desire(desired: readonly DesiredStream[], { nowUs, onLeft }: { nowUs: number; onLeft(stream: RecordedStream): void }): void {
    const wanted = new Set(desired.map(({ rid }) => rid))
    for (const stream of this.all) {
      if (wanted.has(stream.rid)) continue
      onLeft(stream)
      this.#byId.delete(stream.rid)
      this.#left.add(stream.rid)
    }
    for (const stream of desired) {
      this.#left.delete(stream.rid)
      const fresh = { subject: tickSubject(stream.cid, stream.tt), desiredUs: nowUs, ticks: 0, lastStUs: undefined }
      this.#byId.set(stream.rid, { ...fresh, ...this.#byId.get(stream.rid), ...stream })
    }
  }
}
