import { createReadStream } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../test/support/free-port.ts'
import { TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { bytesBelow } from '../bytes-below.ts'
import { ask, textOf } from '../http.ts'
import { LAST } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Place, Store } from '../store.ts'
import type { Range } from '../tape.ts'
import { barsAnswer } from '../truth.ts'

const BATCH = 10_000
const STARTED_WITHIN_MS = 60_000
const SETTLED_WITHIN_MS = 60_000
const FIELDS = 'bid_price, bid_size, ask_price, ask_size'

/** InfluxDB 1.x as a server: a measurement for each type, tagged by contract, at our stamp; IB's is a field. */
export class Influxdb implements Store {
  readonly asking: Store['asking']
  readonly #program: TestProgram
  readonly #url: string
  readonly #place: Place
  readonly #data: string

  static async start(influxd: string, place: Place): Promise<Influxdb> {
    const folder = join(place.folder, 'influxdb')
    await mkdir(folder)
    const [http, rpc] = [await freePort(), await freePort()]
    await writeFile(join(folder, 'influxdb.conf'), configOf(folder, http, rpc))
    const program = new TestProgram('influxd', { command: influxd, args: ['-config', join(folder, 'influxdb.conf')] }).start()
    const store = new Influxdb(program, `http://127.0.0.1:${http}`, place, join(folder, 'data/day'))
    await waitFor(
      'influxd answers',
      () =>
        ask(`${store.#url}/ping`).then(
          (response) => response.resume() !== undefined,
          () => false,
        ),
      STARTED_WITHIN_MS,
    )
    return store
  }

  constructor(program: TestProgram, url: string, place: Place, data: string) {
    this.#program = program
    this.#url = url
    this.#place = place
    this.#data = data
    this.asking = this.#questions()
  }

  async load(): Promise<void> {
    const { quotesCsv, tradesCsv } = this.#place.tape
    await this.#command('CREATE DATABASE day')
    await this.#loadCsv(quotesCsv, (cells) => {
      const [cid, time, received, bid, bidSize, askPrice, askSize] = cells
      return `quotes,cid=${cid} time_ib=${time}i,bid_price=${bid},bid_size=${bidSize},ask_price=${askPrice},ask_size=${askSize} ${received}`
    })
    await this.#loadCsv(tradesCsv, (cells) => {
      const [cid, time, received, price, size, exchange, conditions] = cells
      return `trades,cid=${cid} time_ib=${time}i,price=${price},size=${size},exchange="${exchange}",conditions="${conditions}" ${received}`
    })
  }

  async #loadCsv(path: string, lineOf: (cells: string[]) => string): Promise<void> {
    let lines: string[] = []
    const write = async () => {
      const url = `${this.#url}/write?db=day&precision=u`
      ;(await ask(url, { method: 'POST', body: lines.join('\n') })).resume()
      lines = []
    }
    let isHead = true
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (!isHead) lines.push(lineOf(line.split(',')))
      isHead = false
      if (lines.length >= BATCH) await write()
    }
    if (lines.length > 0) await write()
  }

  /** What is in its write-ahead log goes to the files that are asked, and these are compacted; that is not timed. */
  async settle(): Promise<void> {
    let before = ''
    let unchanged = 0
    await waitFor(
      'influxd has compacted',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 500))
        const now = (await readdir(this.#data, { recursive: true })).toSorted().join()
        unchanged = now === before && now.includes('.tsm') ? unchanged + 1 : 0
        before = now
        return unchanged >= 8
      },
      SETTLED_WITHIN_MS,
    )
  }

  sizeBytes(): Promise<number> {
    return bytesBelow(this.#data)
  }

  #questions(): Store['asking'] {
    const { cid, whole, hour, minute, moments } = this.#place.tape
    const within = ({ startUs, endUs }: Range) => `WHERE cid = '${cid}' AND time >= ${startUs}u AND time < ${endUs}u`
    return {
      minute: async () => rowSum(await this.#rows(`SELECT ${FIELDS} FROM quotes ${within(minute)}`)),
      hour: async () => rowSum(await this.#rows(`SELECT ${FIELDS} FROM quotes ${within(hour)}`)),
      last: async () =>
        rowSum((await this.#rows(`SELECT ${FIELDS} FROM quotes ${within(whole)} ORDER BY time DESC LIMIT ${LAST}`)).reverse()),
      scan: async () => {
        const sql = `SELECT count(bid_price), max(bid_price), sum(spread), sum(sizes) FROM (SELECT bid_price, ask_price - bid_price AS spread, bid_size + ask_size AS sizes FROM quotes ${within(whole)})`
        return ((await this.#rows(sql))[0] ?? []).slice(1)
      },
      bars: async () => {
        const sql = `SELECT first(mid), max(mid), min(mid), last(mid), count(mid) FROM (SELECT (bid_price + ask_price) / 2 AS mid FROM quotes ${within(whole)}) ${within(whole)} GROUP BY time(1m) fill(none)`
        const rows = await this.#rows(sql.replace(`) WHERE cid = '${cid}' AND`, ') WHERE'))
        return barsAnswer(
          rows.map(([bar = 0, open = 0, high = 0, low = 0, close = 0, count = 0]) => ({ minute: bar, open, high, low, close, count })),
        )
      },
      asOf: async () => {
        const found: number[] = []
        for (const atUs of moments) {
          const sql = `SELECT bid_price, ask_price FROM quotes WHERE cid = '${cid}' AND time <= ${atUs}u ORDER BY time DESC LIMIT 1`
          found.push(...((await this.#rows(sql))[0] ?? [0, 0, 0]))
        }
        return found
      },
      replay: async () =>
        rowSum(
          merged(
            await this.#rows(`SELECT ${FIELDS} FROM quotes ${within(whole)}`),
            await this.#rows(`SELECT price, size FROM trades ${within(whole)}`),
          ),
        ),
    }
  }

  async #command(sql: string): Promise<void> {
    await textOf(`${this.#url}/query?q=${encodeURIComponent(sql)}`, { method: 'POST' })
  }

  /** Rows of numbers, the stamp first, µs; asked for as CSV, which is less to read than its JSON. */
  async #rows(sql: string): Promise<number[][]> {
    const url = `${this.#url}/query?db=day&epoch=u&chunked=true&chunk_size=50000&q=${encodeURIComponent(sql)}`
    const response = await ask(url, { headers: { accept: 'application/csv' } })
    const rows: number[][] = []
    for await (const line of createInterface({ input: response })) {
      if (line === '' || line.startsWith('name,')) continue
      const cells = line.split(',')
      rows.push(cells.slice(2).map(Number))
    }
    return rows
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }
}

function rowSum(rows: Iterable<readonly number[]>) {
  const sum = new RowSum()
  for (const [received = 0, price = 0, size = 0, other = 0, otherSize = 0] of rows) sum.add(received, price, size, other, otherSize)
  return sum.answer
}

/** Two answers in one order of time: InfluxQL gives each measurement for itself. */
function* merged(some: readonly number[][], others: readonly number[][]): Generator<readonly number[]> {
  let at = 0
  for (const row of some) {
    for (let other = others[at]; other !== undefined && (other[0] ?? 0) < (row[0] ?? 0); other = others[++at]) yield other
    yield row
  }
  yield* others.slice(at)
}

const configOf = (folder: string, http: number, rpc: number): string => `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
index-version = "tsi1"
cache-snapshot-write-cold-duration = "1s"
compact-full-write-cold-duration = "2s"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:${http}"
log-enabled = false
[monitor]
store-enabled = false
[logging]
level = "error"
`
