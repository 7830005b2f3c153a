import type { GapEvent, GapOpenedEvent } from '@ib-stream/model'
import type { TickStream } from '../decode-tick.ts'
import { GapTracker, type OpenGap } from './gap-tracker.ts'

export interface GapLedgerOptions {
  /** Stamp and epoch of an event that is made now. */
  head(): { st: number; epoch: number }
  /** Into the log, in the order of the ticks. */
  publish(event: GapEvent | GapOpenedEvent): void
  /** A gap was opened or ended. */
  onChange(): void
}

/**
 * Every time without certainty, as events between the ticks: `gap_opened` when it begins, `gap` when it is over. A gap that was open when ingest died has no end
 * of its own: the `ingest_down` gap of the next start covers it.
 */
export class GapLedger {
  readonly #options: GapLedgerOptions
  readonly #tracker = new GapTracker()

  constructor(options: GapLedgerOptions) {
    this.#options = options
  }

  /** Gaps that are open now, by request id. */
  get open(): ReadonlyMap<number, OpenGap> {
    return this.#tracker.all
  }

  /** Ticks of the stream may be missing from `gap.fromUs` on; one that is open already goes on as it is. */
  begin(stream: TickStream, gap: OpenGap): void {
    if (!this.#tracker.open(stream, gap)) return
    this.#options.onChange()
    const { code, ...rest } = this.#tracker.all.get(stream.rid) ?? gap
    const { cid, tt } = stream
    this.#options.publish({ kind: 'gap_opened', ...this.#options.head(), cid, tt, ...rest, ...(code === undefined ? {} : { code }) })
  }

  /** From `toUs` on nothing is missing. @returns whether a gap was open */
  end(stream: TickStream, toUs: number): boolean {
    const gap = this.#tracker.close(stream, toUs)
    if (!gap) return false
    this.#options.publish({ kind: 'gap', st: toUs, epoch: this.#options.head().epoch, ...gap })
    this.#options.onChange()
    return true
  }
}
