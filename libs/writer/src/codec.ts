import type { TickMessage } from '@ib-stream/model'
import type { Backend } from '@ib-stream/storage'

/** Ticks of one contract, type and hour that came in one message of the log, in order; never empty. */
export interface HourOfTicks {
  /** v3 JSON, each line ended by a newline, as it came over the bus. */
  lines: Buffer
  /** The same, read and held to the rules of the format. */
  ticks: readonly TickMessage[]
}

/** What makes a backend: its name and how ticks become bytes. Everything else is the runtime's. */
export interface SegmentCodec {
  backend: Backend
  /** Appends the ticks to their hour file; `out.write` may be called any number of times, its bytes must not be changed afterwards. */
  append(out: { write(bytes: Uint8Array): void }, hour: HourOfTicks): void
  /** This backend also keeps the recorder's events (events/<day>.jsonl). One backend does. */
  keepsEvents?: true
}
