import type { TickMessage, TickType } from '@ib-stream/model'
import { columnsOf, encodeTicksJson, encodeTicksProto, type OwnBackend, type TickColumns, type TickRange } from '@ib-stream/storage'
import { mergeTail } from './merge-tail.ts'
import type { LogPosition, Tail, TailState } from './tail.ts'

/** A range of ticks as files and log held it when it was opened. */
export interface History extends AsyncDisposable {
  readonly tail: TailState
  /** Ticks of the range that came from the log. */
  readonly tailTicks: number
  /** Everything up to here that belongs to the range is in it; undefined where the log was not looked at. */
  readonly position: LogPosition | undefined
  /** With a cursor: ticks that came after its answer and lie before its tick, in order of arrival. */
  readonly late: readonly TickMessage[]
  /** Unreadable places in files that no checkpoint vouches for, so far. */
  readonly damage: TickRange['damage']
  /** Hours of which retention has taken ticks away that no backend holds any more. */
  readonly removed: TickRange['removed']
  /** Another one for every other content of the files; see {@link TickRange.fingerprint}. */
  readonly fingerprint: string
  /** In query order; batches are never empty and belong to the caller. @throws StorageError; `signal.reason` after files are closed */
  batches(): AsyncIterable<readonly TickMessage[]>
  /** As `batches`, in typed columns. */
  columns(): AsyncIterable<TickColumns>
  /**
   * All ticks as records of one format; `limit` does not count here. What lies before the first tick of the log is passed on as it lies in the files, where it can be.
   * Each chunk is good until the next one is asked for, and may end inside a record.
   */
  bytes(format: OwnBackend): AsyncIterable<Uint8Array>
  /** The last ticks, at most `count`, in query order; with `tts` those of some tick types of the range. */
  last(count: number, options?: { tts?: readonly TickType[] }): Promise<readonly TickMessage[]>
  /** How many ticks there are, and the bytes of their records in the files (those of the log as JSON). */
  measure(): Promise<{ ticks: number; bytes: number }>
  close(): Promise<void>
}

export interface JoinOptions {
  startUs: number
  endUs: number
  limit: number
  batchTicks: number
  signal: AbortSignal
}

/** Files and the tail of the log as one. */
export class JoinedHistory implements History {
  readonly tail: TailState
  readonly tailTicks: number
  readonly position: LogPosition | undefined
  readonly late: readonly TickMessage[]
  readonly #options: JoinOptions
  readonly #range: TickRange
  readonly #ticks: readonly TickMessage[]
  /** Files alone have what lies before. */
  readonly #cutUs: number

  constructor(options: JoinOptions, range: TickRange, tail: Tail) {
    this.#options = options
    this.#range = range
    this.#ticks = tail.ticks
    this.#cutUs = tail.ticks[0]?.ts ?? options.endUs
    this.tail = tail.state
    this.tailTicks = tail.ticks.length
    this.position = tail.position
    this.late = tail.late
  }

  get damage(): TickRange['damage'] {
    return this.#range.damage
  }

  get removed(): TickRange['removed'] {
    return this.#range.removed
  }

  get fingerprint(): string {
    return this.#range.fingerprint
  }

  batches(): AsyncIterable<readonly TickMessage[]> {
    const { limit, batchTicks, signal } = this.#options
    return mergeTail(this.#range.batches({ limit, batchTicks, signal }), this.#ticks, { limit, batchTicks })
  }

  async *columns(): AsyncGenerator<TickColumns, void, undefined> {
    const { limit, batchTicks, signal } = this.#options
    let left = limit
    if (this.#before) {
      for await (const columns of this.#range.columns({ within: this.#before, limit, batchTicks, signal })) {
        left -= columns.length
        yield columns
      }
    }
    for await (const batch of this.#rest(left)) yield columnsOf(batch)
  }

  async *bytes(format: OwnBackend): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#options
    if (this.#before) yield* this.#range.bytes({ format, within: this.#before, chunks: 'lent', signal })
    for await (const batch of this.#rest(Number.POSITIVE_INFINITY)) {
      yield format === 'json' ? encodeTicksJson(batch) : encodeTicksProto(batch)
    }
  }

  async last(count: number, { tts }: { tts?: readonly TickType[] } = {}): Promise<readonly TickMessage[]> {
    const { signal } = this.#options
    const files = await this.#range.last(count, { signal, ...(tts ? { tts } : {}) })
    const tail = tts ? this.#ticks.filter(({ tt }) => tts.includes(tt)) : this.#ticks
    const merged: TickMessage[] = []
    const options = { limit: Number.POSITIVE_INFINITY, batchTicks: Math.max(1, tail.length) }
    for await (const batch of mergeTail(asBatches(files), tail, options)) merged.push(...batch)
    return merged.slice(-count)
  }

  async measure(): Promise<{ ticks: number; bytes: number }> {
    const files = await this.#range.measure({ signal: this.#options.signal })
    const tailBytes = this.#ticks.length > 0 ? encodeTicksJson(this.#ticks).length : 0
    return { ticks: files.ticks + this.#ticks.length, bytes: files.bytes + tailBytes }
  }

  close(): Promise<void> {
    return this.#range.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #before(): { startUs: number; endUs: number } | undefined {
    const { startUs } = this.#options
    return this.#cutUs > startUs ? { startUs, endUs: this.#cutUs } : undefined
  }

  /** From the first tick of the log on; nothing where there is none. */
  async *#rest(limit: number): AsyncGenerator<readonly TickMessage[], void, undefined> {
    const { batchTicks, endUs, signal } = this.#options
    if (this.#ticks.length === 0 || limit <= 0) return
    const within = { startUs: this.#cutUs, endUs }
    yield* mergeTail(this.#range.batches({ within, limit, batchTicks, signal }), this.#ticks, { limit, batchTicks })
  }
}

async function* asBatches(ticks: readonly TickMessage[]): AsyncGenerator<readonly TickMessage[], void, undefined> {
  if (ticks.length > 0) yield ticks
}
