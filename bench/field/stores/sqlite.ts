import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type Answer, LAST, type Question } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Place, Store } from '../store.ts'
import { QUOTE_COLUMNS, type Range, TRADE_COLUMNS } from '../tape.ts'
import { barsAnswer } from '../truth.ts'

const TEXTS = new Set(['exchange', 'conditions'])
const VALUES = 'received, bid_price, bid_size, ask_price, ask_size'
type Row = number[]

/** `node:sqlite`: tables in the order of their key, which is that of the questions. */
export class Sqlite implements Store {
  readonly asking: Record<Question, () => Promise<Answer>>
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
    this.#path = join(place.folder, 'day.sqlite')
    this.#database = new DatabaseSync(this.#path)
    const settings = ['journal_mode = WAL', 'synchronous = NORMAL', 'cache_size = -262144', 'mmap_size = 4000000000']
    for (const setting of settings) this.#database.exec(`PRAGMA ${setting}`)
    for (const [table, columns] of Object.entries({ quotes: QUOTE_COLUMNS, trades: TRADE_COLUMNS })) {
      const typed = columns.map((name) => `${name} ${TEXTS.has(name) ? 'TEXT' : isWhole(name) ? 'INTEGER' : 'REAL'} NOT NULL`)
      this.#database.exec(`CREATE TABLE ${table} (${typed.join()}, PRIMARY KEY (cid, time, received)) WITHOUT ROWID`)
    }
    this.asking = this.#questions()
  }

  async load(): Promise<void> {
    this.#database.exec('BEGIN')
    await this.#loadCsv('quotes', this.#place.tape.quotesCsv, QUOTE_COLUMNS)
    await this.#loadCsv('trades', this.#place.tape.tradesCsv, TRADE_COLUMNS)
    this.#database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE')
  }

  async #loadCsv(table: string, path: string, columns: readonly string[]): Promise<void> {
    const insert = this.#database.prepare(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join()})`)
    const texts = columns.map((name) => TEXTS.has(name))
    let isHead = true
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (!isHead) insert.run(...line.split(',').map((cell, n) => (texts[n] ? cell : Number(cell))))
      isHead = false
    }
  }

  #questions(): Record<Question, () => Promise<Answer>> {
    const { cid, whole, hour, minute, moments } = this.#place.tape
    const quotes = (range: Range) => `FROM quotes WHERE cid = ${cid} AND time >= ${range.startUs} AND time < ${range.endUs}`
    const inOrder = 'ORDER BY time, received'
    const edge = (order: string) =>
      `(SELECT (bid_price + ask_price) / 2 FROM quotes WHERE cid = ${cid} AND time >= minute AND time < minute + 60000000 ORDER BY time ${order}, received ${order} LIMIT 1)`
    const standing = (atUs: string) => `cid = ${cid} AND time <= ${atUs} AND received <= ${atUs} ORDER BY time DESC, received DESC LIMIT 1`
    return {
      minute: async () => this.#rows(`SELECT ${VALUES} ${quotes(minute)} ${inOrder}`),
      hour: async () => this.#rows(`SELECT ${VALUES} ${quotes(hour)} ${inOrder}`),
      last: async () =>
        this.#rows(`SELECT ${VALUES} FROM (SELECT * ${quotes(whole)} ORDER BY time DESC, received DESC LIMIT ${LAST}) ${inOrder}`),
      replay: async () =>
        this.#rows(
          `SELECT ${VALUES}, time ${quotes(whole)} UNION ALL SELECT received, price, size, 0, 0, time FROM trades WHERE cid = ${cid} ORDER BY 6, 1`,
        ),
      scan: async () =>
        this.#first(`SELECT count(*), max(bid_price), sum(ask_price - bid_price), sum(bid_size + ask_size) ${quotes(whole)}`),
      bars: async () => {
        const sql = `SELECT minute, ${edge('ASC')}, high, low, ${edge('DESC')}, n FROM (SELECT time / 60000000 * 60000000 AS minute,
          max(bid_price + ask_price) / 2 AS high, min(bid_price + ask_price) / 2 AS low, count(*) AS n ${quotes(whole)} GROUP BY 1) ORDER BY 1`
        return barsAnswer(
          this.#all(sql).map(([bar = 0, open = 0, high = 0, low = 0, close = 0, count = 0]) => ({
            minute: bar,
            open,
            high,
            low,
            close,
            count,
          })),
        )
      },
      asOf: async () =>
        moments.flatMap((atUs) => {
          const found = this.#first(`SELECT received, bid_price, ask_price FROM quotes WHERE ${standing(String(atUs))}`)
          return found.length > 0 ? found : [0, 0, 0]
        }),
      join: async () =>
        this.#first(
          `SELECT count(*), count(mid), sum(abs(price - mid) * size) FROM (SELECT price, size,
          (SELECT (bid_price + ask_price) / 2 FROM quotes WHERE ${standing('trades.received')}) AS mid FROM trades WHERE cid = ${cid})`,
        ),
    }
  }

  #rows(sql: string): Answer {
    const rows = new RowSum()
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    for (const row of statement.iterate() as unknown as Iterable<Row>)
      rows.add(row[0] ?? 0, row[1] ?? 0, row[2] ?? 0, row[3] ?? 0, row[4] ?? 0)
    return rows.answer
  }

  #all(sql: string): Row[] {
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    return statement.all() as unknown as Row[]
  }

  #first(sql: string): Row {
    return this.#all(sql)[0] ?? []
  }

  async sizeBytes(): Promise<number> {
    return (await stat(this.#path)).size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close()
  }
}

const isWhole = (name: string): boolean => ['cid', 'time', 'received'].includes(name)
