import { join } from 'node:path'
import { loadedPackage } from '../loaded-package.ts'
import { type Answer, LAST, type Question } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Place, Store } from '../store.ts'
import type { Range } from '../tape.ts'
import { barsAnswer } from '../truth.ts'

/** What of chDB, ClickHouse as a library, is used. */
export interface Chdb {
  Session: new (folder: string) => ChdbSession
  version(): { libchdb: string }
}

interface ChdbSession {
  queryAsync(sql: string, options?: { format: string }): Promise<{ bytes(): Uint8Array }>
  queryStream(sql: string, options: { format: string }): AsyncIterable<{ raw(): Uint8Array }>
  close(): void
}

export const CHDB_VERSION = '3.4.0'

export const loadChdb = (): Chdb => loadedPackage('chdb', CHDB_VERSION)('chdb') as Chdb

const DOUBLE_BYTES = 8
const ROW = 'toFloat64(received), bid_price, bid_size, ask_price, ask_size'
const ROW_CELLS = 5
const TABLES = {
  quotes: 'bid_price Float64, bid_size Float64, ask_price Float64, ask_size Float64',
  trades: 'price Float64, size Float64, exchange LowCardinality(String), conditions LowCardinality(String)',
}

/** ClickHouse in the process of the asker: MergeTree in the order of the questions, each column with the codec that makes these days smallest (Gorilla and DoubleDelta make them larger). */
export class ClickHouse implements Store {
  readonly asking: Record<Question, () => Promise<Answer>>
  readonly #session: ChdbSession
  readonly #folder: string
  readonly #place: Place

  constructor({ Session }: Chdb, place: Place) {
    this.#place = place
    this.#folder = join(place.folder, 'clickhouse')
    this.#session = new Session(this.#folder)
    this.asking = this.#questions()
  }

  async load(): Promise<void> {
    const { quotesCsv, tradesCsv } = this.#place.tape
    await this.#session.queryAsync('CREATE DATABASE field')
    for (const [table, columns] of Object.entries(TABLES)) {
      const stamps = 'cid Int32, time Int64 CODEC(Delta, ZSTD(9)), received Int64 CODEC(Delta, ZSTD(9))'
      await this.#session.queryAsync(
        `CREATE TABLE field.${table} (${stamps}, ${columns}) ENGINE = MergeTree ORDER BY (cid, time, received)`,
      )
      const path = table === 'quotes' ? quotesCsv : tradesCsv
      await this.#session.queryAsync(`INSERT INTO field.${table} SELECT * FROM file('${path}', CSVWithNames)`)
      await this.#session.queryAsync(`OPTIMIZE TABLE field.${table} FINAL`)
    }
  }

  #questions(): Record<Question, () => Promise<Answer>> {
    const { cid, whole, hour, minute, moments } = this.#place.tape
    const quotes = (range: Range) => `FROM field.quotes WHERE cid = ${cid} AND time >= ${range.startUs} AND time < ${range.endUs}`
    const inOrder = 'ORDER BY cid, time, received'
    const last = `SELECT ${ROW}, time ${quotes(whole)} ORDER BY cid DESC, time DESC, received DESC LIMIT ${LAST}`
    const trades = `FROM field.trades WHERE cid = ${cid}`
    return {
      minute: () => this.#rows(`SELECT ${ROW} ${quotes(minute)} ${inOrder}`),
      hour: () => this.#rows(`SELECT ${ROW} ${quotes(hour)} ${inOrder}`),
      last: () => this.#rows(`SELECT * EXCEPT time FROM (${last}) ORDER BY 1`),
      replay: () =>
        this.#rows(
          `SELECT * FROM (SELECT ${ROW} ${quotes(whole)} UNION ALL SELECT toFloat64(received), price, size, 0., 0. ${trades}) ORDER BY 1`,
        ),
      scan: () =>
        this.#cells(`SELECT toFloat64(count()), max(bid_price), sum(ask_price - bid_price), sum(bid_size + ask_size) ${quotes(whole)}`),
      bars: async () => {
        const sql = `SELECT toFloat64(intDiv(time, 60000000) * 60000000) AS minute, argMin(mid, received), max(mid), min(mid), argMax(mid, received), toFloat64(count())
          FROM (SELECT time, received, (bid_price + ask_price) / 2 AS mid ${quotes(whole)}) GROUP BY minute ORDER BY minute`
        const cells = await this.#cells(sql)
        return barsAnswer(
          Array.from({ length: cells.length / 6 }, (_, n) => {
            const [bar = 0, open = 0, high = 0, low = 0, close = 0, count = 0] = cells.slice(6 * n, 6 * n + 6)
            return { minute: bar, open, high, low, close, count }
          }),
        )
      },
      asOf: async () => {
        const found: number[] = []
        for (const atUs of moments) {
          const sql = `SELECT toFloat64(received), bid_price, ask_price FROM field.quotes WHERE cid = ${cid} AND time <= ${atUs} AND received <= ${atUs}
            ORDER BY cid DESC, time DESC, received DESC LIMIT 1`
          const cells = await this.#cells(sql)
          found.push(...(cells.length > 0 ? cells : [0, 0, 0]))
        }
        return found
      },
      join: () =>
        this.#cells(
          `SELECT toFloat64(count()), toFloat64(countIf(q.received > 0)), sumIf(abs(price - (bid_price + ask_price) / 2) * size, q.received > 0)
          FROM (SELECT cid, received, price, size ${trades}) AS t ASOF LEFT JOIN (SELECT cid, received, bid_price, ask_price FROM field.quotes WHERE cid = ${cid}) AS q
          ON t.cid = q.cid AND t.received >= q.received`,
        ),
    }
  }

  async #rows(sql: string): Promise<Answer> {
    const rows = new RowSum()
    for await (const chunk of this.#session.queryStream(sql, { format: 'RowBinary' })) {
      const cells = doublesOf(chunk.raw())
      for (let at = 0; at < cells.length; at += ROW_CELLS)
        rows.add(cells[at] ?? 0, cells[at + 1] ?? 0, cells[at + 2] ?? 0, cells[at + 3] ?? 0, cells[at + 4] ?? 0)
    }
    return rows.answer
  }

  async #cells(sql: string): Promise<number[]> {
    return [...doublesOf((await this.#session.queryAsync(sql, { format: 'RowBinary' })).bytes())]
  }

  /** Parts that were merged into others lie there for some minutes more; they do not count. */
  async sizeBytes(): Promise<number> {
    const [bytes = Number.NaN] = await this.#cells(
      `SELECT toFloat64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = 'field'`,
    )
    return bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.close()
  }
}

/** A row of doubles in RowBinary is nothing but them. */
function doublesOf(bytes: Uint8Array): Float64Array {
  const whole = bytes.byteOffset % DOUBLE_BYTES === 0 ? bytes : Uint8Array.from(bytes)
  return new Float64Array(whole.buffer, whole.byteOffset, whole.byteLength / DOUBLE_BYTES)
}
