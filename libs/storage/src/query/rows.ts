import { US_PER_HOUR } from '@ib-stream/model'
import type { BlockReader } from '../codec/block-reader.ts'
import { type ColumnBuffer, TT_RANK } from '../codec/columns.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import { StorageError } from '../errors.ts'
import { type Block, damaged, isStorageError, recordsOf, type SegmentFile } from './segment-file.ts'
import { hasStamps } from './survey.ts'

/** Stamps wanted, µs UTC: `fromTs` ≤ ts < `toTs`, and `fromSt` ≤ st < `toSt`. */
export interface StampFilter {
  fromTs: number
  toTs: number
  fromSt: number
  toSt: number
}

/** The ticks of a file as rows, a block after the other. Ticks that are none, or belong to another file, are damage. */
export class RowReader {
  readonly #file: SegmentFile
  readonly #filter: StampFilter | undefined
  #records: BlockReader | undefined
  #offsetBytes = 0

  /** @param filter left out where all that belongs in the file is wanted */
  constructor(file: SegmentFile, filter?: StampFilter) {
    this.#file = file
    this.#filter = filter
  }

  begin(block: Block): void {
    this.#records = recordsOf(this.#file, block)
    this.#offsetBytes = block.offsetBytes
  }

  /** Appends ticks until the block ends (false) or the columns are full (true). @throws StorageError `IBS_STORAGE_RECORD_TORN` */
  fill(columns: ColumnBuffer): boolean {
    const records = this.#records
    if (records === undefined) return false
    for (;;) {
      try {
        return this.#filter === undefined ? this.#fillAll(records, columns) : this.#fillSome(records, columns, this.#filter)
      } catch (cause) {
        if (!isStorageError(cause)) throw cause
        damaged(this.#file, { offsetBytes: this.#offsetBytes + records.start, bytes: records.end - records.start, cause })
      }
    }
  }

  #fillAll(records: BlockReader, columns: ColumnBuffer): boolean {
    const { cid, tt, hourUs } = this.#file.read.segment
    const rank = TT_RANK[tt]
    const hourEndUs = hourUs + US_PER_HOUR
    while (!columns.isFull) {
      if (!records.nextInto(columns)) return false
      const row = columns.length - 1
      const ts = columns.ts[row] as number
      if (columns.cid[row] !== cid || columns.tt[row] !== rank || ts < hourUs || ts >= hourEndUs) throw this.#misplaced(columns)
    }
    return true
  }

  #fillSome(records: BlockReader, columns: ColumnBuffer, filter: StampFilter): boolean {
    const { cid, tt, hourUs } = this.#file.read.segment
    const rank = TT_RANK[tt]
    const hourEndUs = hourUs + US_PER_HOUR
    while (!columns.isFull) {
      if (!records.next()) return false
      if (!hasStamps(records)) {
        records.appendTo(columns) // says what is wrong with it
        continue
      }
      const { ts, st } = records
      if (ts < filter.fromTs || ts >= filter.toTs || st < filter.fromSt || st >= filter.toSt) continue
      records.appendTo(columns)
      const row = columns.length - 1
      if (columns.cid[row] !== cid || columns.tt[row] !== rank || ts < hourUs || ts >= hourEndUs) throw this.#misplaced(columns)
    }
    return true
  }

  /** Takes back a tick of another contract, type or hour: it would break the order and the answer. */
  #misplaced(columns: ColumnBuffer): StorageError {
    const { segment } = this.#file.read
    const tick = tickOfRow(columns, columns.length - 1)
    columns.pop()
    const field = tick.cid !== segment.cid ? 'cid' : tick.tt !== segment.tt ? 'tt' : 'ts'
    return new StorageError(
      'IBS_STORAGE_TICK_INVALID',
      `a tick of ${tick.cid} ${tick.tt} at ${tick.ts} does not belong here; move it to its file`,
      { field, value: tick[field], rule: 'contract, type and hour as the file says' },
    )
  }
}
