import { hourOf } from '@ib-stream/model'
import type { TickColumns } from '../codec/columns.ts'
import { crc32c } from '../manifest/crc32c.ts'
import { valuesOf } from './column-values.ts'
import { encodeChunk } from './encode-chunk.ts'
import { encodeFooter, physicalOf, type SealedFacts, type SealedHour, type WrittenGroup } from './footer.ts'
import { MAGIC } from './parquet-numbers.ts'
import { COLUMNS, type Scales } from './schema.ts'

/** Rows of a row group: what a reader of one minute has to decode. */
export const GROUP_ROWS = 32_768

/** What the writer is told; the rest of the facts it counts. */
export type SealedHead = Omit<SealedFacts, 'version' | 'count' | 'hours' | 'crc32c'>

export interface SealedWriterOptions {
  head: SealedHead
  scales: Scales
  /** Of zstd, 1 to 22. */
  level: number
}

/** Makes the bytes of a sealed file, a row group after the other. Writes nothing: the caller has the disk. */
export class SealedWriter {
  readonly #options: SealedWriterOptions
  readonly #groups: WrittenGroup[] = []
  readonly #hours = new Map<number, SealedHour>()
  #count = 0
  #offsetBytes = 0
  #crc32c = 0

  constructor(options: SealedWriterOptions) {
    this.#options = options
  }

  /** The first bytes of the file. */
  begin(): Uint8Array {
    return this.#passed(MAGIC)
  }

  /** @param columns ticks of the file's contract and type, in query order after those before; at least one */
  async rowGroup(columns: TickColumns): Promise<Uint8Array> {
    const { head, scales, level } = this.#options
    const chunks = await Promise.all(
      COLUMNS[head.tt].map((column) =>
        encodeChunk(valuesOf(columns, column, scales), physicalOf(column.kind, scales), columns.length, level),
      ),
    )
    this.#groups.push({ rows: columns.length, offsetBytes: this.#offsetBytes, chunks: chunks.map((chunk) => ({ ...chunk })) })
    this.#tell(columns)
    return this.#passed(Buffer.concat(chunks.map(({ bytes }) => bytes)))
  }

  /** The last bytes, and what the file then says of itself. In front of the footer stands its CRC-32C, where no reader of Parquet looks. */
  end(): { bytes: Uint8Array; facts: SealedFacts } {
    const hours = [...this.#hours.values()].sort((a, b) => a.hourUs - b.hourUs)
    const facts: SealedFacts = { version: 1, ...this.#options.head, count: this.#count, hours, crc32c: this.#crc32c }
    const footer = encodeFooter(this.#groups, facts, this.#options.scales)
    return { bytes: Buffer.concat([uint32(crc32c(footer)), footer, uint32(footer.length), MAGIC]), facts }
  }

  #passed(bytes: Uint8Array): Uint8Array {
    this.#offsetBytes += bytes.length
    this.#crc32c = crc32c(bytes, this.#crc32c)
    return bytes
  }

  #tell({ ts, st, length }: TickColumns): void {
    this.#count += length
    let hour: SealedHour | undefined
    for (let row = 0; row < length; row++) {
      const rowTs = ts[row] as number
      const rowSt = st[row] as number
      if (hour === undefined || hourOf(rowTs) !== hour.hourUs) {
        const hourUs = hourOf(rowTs)
        hour = this.#hours.get(hourUs) ?? { hourUs, count: 0, firstTs: rowTs, lastTs: rowTs, lastSt: 0 }
        this.#hours.set(hourUs, hour)
      }
      hour.count++
      hour.lastTs = rowTs
      if (rowSt > hour.lastSt) hour.lastSt = rowSt
    }
  }
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
