import { compareTicks, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickJson } from '../codec/json.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import { parseSealedPath } from '../layout/sealed-path.ts'
import { readFooter, sealedBytesOf } from '../parquet/sealed-file.ts'
import { ALL_ROWS, sealedRows } from '../parquet/sealed-rows.ts'
import { openReadOnly } from './open-read-only.ts'
import { readRecords } from './read-records.ts'

/** What one backend has of an hour. */
export interface SideOf {
  hourUs: number
  /** In order of stamp. */
  paths: readonly string[]
  /** `file`: as they lie there; `query`: in query order, as sealed files are, with all ticks of the hour in memory. */
  order: 'file' | 'query'
}

/** Ticks of one backend's files of an hour, as v3 JSON; counts what it gave, and what cannot be read. */
export class Side {
  ticks = 0
  unreadable = 0
  readonly #batches: AsyncGenerator<readonly TickMessage[], void, undefined>
  #batch: readonly TickMessage[] = []
  #at = 0

  constructor(dataDir: string, { hourUs, paths, order }: SideOf) {
    const isSealed = paths.some((path) => parseSealedPath(path) !== undefined)
    if (isSealed) this.#batches = this.#sealed(dataDir, paths, hourUs)
    else this.#batches = order === 'file' ? this.#records(dataDir, paths) : this.#sorted(dataDir, paths)
  }

  async next(): Promise<string | undefined> {
    while (this.#at >= this.#batch.length) {
      const { value, done } = await this.#batches.next()
      if (done) return undefined
      this.#batch = value
      this.#at = 0
    }
    const tick = this.#batch[this.#at++]
    return tick && encodeTickJson(tick)
  }

  async *#records(dataDir: string, paths: readonly string[]): AsyncGenerator<TickMessage[], void, undefined> {
    for (const path of paths) {
      for await (const records of readRecords(dataDir, path, Number.POSITIVE_INFINITY)) {
        const ticks = records.flatMap(({ tick }) => tick ?? [])
        this.ticks += ticks.length
        this.unreadable += records.length - ticks.length
        yield ticks
      }
    }
  }

  async *#sorted(dataDir: string, paths: readonly string[]): AsyncGenerator<TickMessage[], void, undefined> {
    const ticks: TickMessage[] = []
    for await (const batch of this.#records(dataDir, paths)) for (const tick of batch) ticks.push(tick)
    yield ticks.sort(compareTicks)
  }

  /** A damaged place ends the reading of its file: it counts as one that cannot be read. */
  async *#sealed(dataDir: string, paths: readonly string[], hourUs: number): AsyncGenerator<TickMessage[], void, undefined> {
    const filter = { ...ALL_ROWS, fromTs: hourUs, toTs: hourUs + US_PER_HOUR }
    for (const path of paths) {
      await using handle = await openReadOnly(dataDir, path)
      try {
        const file = await sealedBytesOf(path, handle)
        const options = { filter, order: 'ascending', rows: BATCH_TICKS, life: 'lent' } as const
        for await (const columns of sealedRows(file, await readFooter(file), options)) {
          this.ticks += columns.length
          yield Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row))
        }
      } catch (error) {
        if (!(Error.isError(error) && error.name === 'StorageError')) throw error
        this.unreadable += 1
      }
    }
  }
}

const BATCH_TICKS = 4096
