import type { GapEvent } from '@ib-stream/model'
import type { TickStream } from './decode-tick.ts'

interface OpenGap {
  fromUs: number
  cause: GapEvent['cause']
  reason: string
}

/** A stream that stands without a tick for this long after it was asked for counts as heard again: the market is only quiet. */
export const QUIET_STREAM_HEARD_AFTER_MS = 10_000

/** Knows for each stream since when ticks may be missing. A gap ends with the next tick, or when the stream stands for a while without one. */
export class GapTracker {
  #open = new Map<number, OpenGap>()

  /** Ticks of this stream may be missing from `fromUs` on (our clock, µs). A gap that is open already keeps its beginning. */
  open(stream: TickStream, gap: OpenGap): void {
    if (!this.#open.has(stream.rid)) this.#open.set(stream.rid, gap)
  }

  /** Ends the stream's gap at `toUs`; undefined where none is open. */
  close(stream: TickStream, toUs: number): Pick<GapEvent, 'cid' | 'tt' | 'fromUs' | 'toUs' | 'cause' | 'reason'> | undefined {
    const gap = this.#open.get(stream.rid)
    this.#open.delete(stream.rid)
    return gap && { cid: stream.cid, tt: stream.tt, toUs, ...gap }
  }
}
