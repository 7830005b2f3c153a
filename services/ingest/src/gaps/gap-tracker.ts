import type { GapEvent } from '@ib-stream/model'
import type { TickStream } from '../decode-tick.ts'

/** A time without certainty that has begun. */
export interface OpenGap {
  /** Last moment known good, µs on our clock. */
  fromUs: number
  cause: GapEvent['cause']
  reason: string
  /** IB's, where it gave one. */
  code?: number | undefined
}

/** A stream that stands without a tick for this long after it was asked for counts as heard again: the market is only quiet. */
export const QUIET_STREAM_HEARD_AFTER_MS = 10_000

/** Knows for each stream since when ticks may be missing. */
export class GapTracker {
  readonly #open = new Map<number, OpenGap>()
  /** End of each stream's last gap, µs: the next one begins there at the earliest, so that none is told twice. */
  readonly #endedUs = new Map<number, number>()

  /** Gaps that are open now, by request id. */
  get all(): ReadonlyMap<number, OpenGap> {
    return this.#open
  }

  /**
   * Ticks of this stream may be missing from `gap.fromUs` on. A gap that is open already keeps its beginning and its cause.
   * @returns whether it is a new one
   */
  open(stream: TickStream, gap: OpenGap): boolean {
    if (this.#open.has(stream.rid)) return false
    this.#open.set(stream.rid, { ...gap, fromUs: Math.max(gap.fromUs, this.#endedUs.get(stream.rid) ?? 0) })
    return true
  }

  /** Ends the stream's gap at `toUs`; undefined where none is open. */
  close(stream: TickStream, toUs: number): Pick<GapEvent, 'cid' | 'tt' | 'fromUs' | 'toUs' | 'cause' | 'reason' | 'code'> | undefined {
    const gap = this.#open.get(stream.rid)
    this.#open.delete(stream.rid)
    if (!gap) return undefined
    this.#endedUs.set(stream.rid, toUs)
    const { code, ...rest } = gap
    return { cid: stream.cid, tt: stream.tt, toUs, ...rest, ...(code === undefined ? {} : { code }) }
  }
}
