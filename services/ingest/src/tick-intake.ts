import type { Publisher } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { encodeTickJson } from '@ib-stream/storage'
import { decodeTick } from './decode-tick.ts'
import type { InvalidSink } from './invalid-sink.ts'
import type { RecordedStream, RecordedStreams } from './recorded-streams.ts'

export interface TickIntakeOptions {
  clock: Clock
  publisher: Pick<Publisher, 'add'>
  invalid: Pick<InvalidSink, 'put'>
  streams: RecordedStreams
  /** A tick of the stream came at `readUs`. @returns whether a gap of the stream is over by that, and was told under this stamp */
  endGap(stream: RecordedStream, readUs: number): boolean
  /** It is in the hands of the publisher; what is said now stands behind it. */
  onTick(stream: RecordedStream, tick: TickMessage): void
}

/** The way of each tick: from the fields of its frame to a line of the log. */
export class TickIntake {
  readonly #options: TickIntakeOptions

  constructor(options: TickIntakeOptions) {
    this.#options = options
  }

  /**
   * Takes a tick-by-tick frame.
   * @param readUs our stamp of the socket read, µs UTC
   */
  take(fields: readonly string[], readUs: number): void {
    const { clock, publisher, invalid, streams, endGap, onTick } = this.#options
    const rid = Number(fields[1])
    const stream = streams.of(rid)
    if (!stream) {
      if (!streams.wasLeft(rid)) invalid.put(0, fields, { field: 'rid', value: fields[1], rule: 'a request of this ingest' }, readUs)
      return
    }
    // The gap's event stands before the tick that ends it, so it takes the stamp of the read and the tick the next one.
    const st = endGap(stream, readUs) ? clock.stampUs() : readUs
    const decoded = decodeTick(fields, stream, st)
    if ('fault' in decoded) return invalid.put(stream.cid, fields, decoded.fault, st)
    const { tick } = decoded
    publisher.add({ subject: stream.subject, line: encodeTickJson(tick) })
    stream.ticks += 1
    stream.lastStUs = st
    stream.last = tick
    onTick(stream, tick)
  }
}
