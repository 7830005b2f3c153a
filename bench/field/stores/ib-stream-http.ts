import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { isoFromUs, partitionOf, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { leanEnv } from '@ib-stream/service'
import {
  type Backend,
  decodeTickJson,
  decodeTicksProto,
  LineSplitter,
  openPartitionStore,
  Sealer,
  VarintSplitter,
} from '@ib-stream/storage'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { bytesBelow } from '../bytes-below.ts'
import { get, textOf } from '../http.ts'
import { LAST } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Place, Store } from '../store.ts'
import type { Range } from '../tape.ts'
import { type Bar, barsAnswer, costOf } from '../truth.ts'

/** A machine that does much else besides starts a process in half a minute. */
const STARTED_WITHIN_MS = 120_000
const SOURCE = { spoolId: 'bench', source: 'simulator' } as const

/** One backend, loaded by `ib-stream import` and asked over HTTP: query-api as `npm start` runs it, a process of its own. */
export class IbStreamHttp implements Store {
  readonly asking: Required<Store['asking']>
  readonly dataDir: string
  readonly #backend: Backend
  readonly #place: Place
  #api: TestProgram | undefined
  #url = ''

  constructor(place: Place, backend: 'json' | 'pb' | 'parquet') {
    this.#place = place
    this.#backend = backend
    this.dataDir = join(place.folder, 'data')
    this.asking = {
      minute: () => this.#rows(this.#query('bid_ask', place.tape.minute)),
      hour: () => this.#rows(this.#query('bid_ask', place.tape.hour)),
      scan: () => this.#scan(),
      bars: () => this.#bars(),
      asOf: () => this.#asOf(),
      join: () => this.#join(),
      last: () => this.#rows(`${this.#query('bid_ask', place.tape.whole)}&last=${LAST}`),
      replay: () => this.#rows(this.#query(`bid_ask,${place.tape.trades}`, place.tape.whole)),
    }
  }

  async load(): Promise<void> {
    const { tape } = this.#place
    const main = resolve('apps/cli/src/main.ts')
    const command = [main, 'import', '--offline', '--to', this.dataDir, '--backend', this.#backend, tape.lines]
    await promisify(execFile)(process.execPath, command, { env: { ...process.env, IB_STREAM_OVERLAY: 'allow' } })
    if (this.#backend === 'parquet') await closeDays(this.dataDir, tape.cid, tape.whole.endUs + 2 * US_PER_DAY)
  }

  /** query-api over what was loaded. */
  async serve(): Promise<void> {
    const port = await freePort()
    this.#url = `http://127.0.0.1:${port}`
    this.#api = nodeProgram(`query-api of ${this.#backend}`, 'services/query-api/src/main.ts', {
      ...{ DATA_DIR: this.dataDir, PORT: String(port), IB_HOST: '', IB_STREAM_BACKENDS: this.#backend },
      ...{ IB_STREAM_OVERLAY: 'allow', API_REQUESTS_PER_SECOND: '100000' },
      NATS_URL: `nats://127.0.0.1:${await freePort()}`, // nobody there: closed hours need no log
      ...leanEnv(process.env),
    }).start()
    const answers = () =>
      fetch(`${this.#url}/v3/info`).then(
        ({ ok }) => ok,
        () => false,
      )
    await waitFor('query-api answers', answers, STARTED_WITHIN_MS)
  }

  sizeBytes(): Promise<number> {
    return bytesBelow(join(this.dataDir, this.#backend))
  }

  #query(types: string, range: Range): string {
    const format = this.#backend === 'json' ? 'ndjson' : 'protobuf'
    return `${this.#url}/v3/buffer/${this.#place.tape.cid}/query?tick_types=${types}&${rangeOf(range)}&format=${format}`
  }

  async *#ticks(url: string): AsyncGenerator<TickMessage[]> {
    const isJson = this.#backend === 'json'
    const splitter = isJson ? new LineSplitter() : new VarintSplitter()
    for await (const chunk of await get(url)) {
      const whole = splitter.push(chunk as Buffer)
      yield isJson ? linesOf(whole).map(decodeTickJson) : decodeTicksProto(whole).ticks
    }
  }

  async #rows(url: string) {
    const rows = new RowSum()
    for await (const ticks of this.#ticks(url))
      for (const tick of ticks) {
        if (tick.tt === 'bid_ask') rows.add(tick.st, tick.bp ?? 0, tick.bs ?? 0, tick.ap ?? 0, tick.as ?? 0)
        else if (tick.tt !== 'mid_point') rows.add(tick.st, tick.p, tick.s ?? 0)
      }
    return rows.answer
  }

  async #scan() {
    let [count, most, spread, size] = [0, Number.NEGATIVE_INFINITY, 0, 0]
    for await (const ticks of this.#ticks(this.#query('bid_ask', this.#place.tape.whole)))
      for (const tick of ticks) {
        if (tick.tt !== 'bid_ask') continue
        const { bp = 0, bs = 0, ap = 0, as: asks = 0 } = tick
        count++
        most = Math.max(most, bp)
        spread += ap - bp
        size += bs + asks
      }
    return [count, most, spread, size]
  }

  async #bars() {
    const { cid, whole } = this.#place.tape
    const { outputs } = JSON.parse(await textOf(`${this.#url}/v3/bars/${cid}?interval=1m&of=mid&${rangeOf(whole)}`)) as {
      outputs: (Omit<Bar, 'minute' | 'count'> & { ts: number; quote_count: number })[]
    }
    return barsAnswer(outputs.map(({ ts, quote_count, ...bar }) => ({ ...bar, minute: ts, count: quote_count })))
  }

  async #asOf() {
    const { cid, moments } = this.#place.tape
    const found: number[] = []
    for (const atUs of moments) {
      const text = await textOf(`${this.#url}/v3/asof/${cid}?at=${atUs}&tick_types=bid_ask`)
      const { bid_ask: quote } = (JSON.parse(text) as { ticks: { bid_ask: { st: number; bp: number; ap: number } | null } }).ticks
      found.push(quote?.st ?? 0, quote?.bp ?? 0, quote?.ap ?? 0)
    }
    return found
  }

  async #join() {
    const { cid, whole, trades } = this.#place.tape
    let [count, quoted, cost] = [0, 0, 0]
    const lines = new LineSplitter()
    for await (const chunk of await get(`${this.#url}/v3/asof/${cid}/trades?trades=${trades}&${rangeOf(whole)}&format=ndjson`))
      for (const line of linesOf(lines.push(chunk as Buffer))) {
        const { trade, quote } = JSON.parse(line) as Quoted
        count++
        if (quote === null) continue
        quoted++
        cost += costOf(trade.p, trade.s, quote.bp, quote.ap)
      }
    return [count, quoted, cost]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api?.[Symbol.asyncDispose]()
  }
}

interface Quoted {
  trade: { p: number; s: number }
  quote: { bp: number; ap: number } | null
}

const rangeOf = ({ startUs, endUs }: Range): string => `start_time=${isoFromUs(startUs)}&end_time=${isoFromUs(endUs)}`

const linesOf = (bytes: Uint8Array): string[] => (bytes.length === 0 ? [] : Buffer.from(bytes).toString('utf8').trimEnd().split('\n'))

/** Makes one file of each day, as the writer does when the log has left the day. */
async function closeDays(dataDir: string, cid: number, nowUs: number): Promise<void> {
  const about = { dataDir, partition: partitionOf(cid), source: SOURCE }
  await using store = await openPartitionStore({ ...about, backend: 'parquet' })
  if (store === undefined) throw new Error(`${dataDir} is somebody else's`)
  store.advance(1, nowUs)
  await store.commitDurable()
  const sealer = new Sealer({ ...about, store })
  for (const day of await sealer.dueDays()) {
    const prepared = await sealer.prepareDay(day)
    if (prepared !== undefined) await sealer.finishDay(prepared)
  }
}
