import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { chmod, chown, cp, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { freePort } from '../../../test/support/free-port.ts'
import { TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { loadedPackage } from '../loaded-package.ts'
import { type Answer, LAST, type Question } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Place, Store } from '../store.ts'
import { QUOTE_COLUMNS, type Range, TRADE_COLUMNS } from '../tape.ts'
import { barsAnswer } from '../truth.ts'

/** What of postgres.js, a client without dependencies, is used. */
type Connect = (options: { host: string; port: number; username: string; database: string; max: number }) => Sql
interface Sql {
  unsafe(sql: string): Statement
  end(): Promise<void>
}
interface Statement extends Promise<readonly Record<string, unknown>[]> {
  values(): Promise<readonly (readonly unknown[])[]>
  readable(): Promise<Readable>
  writable(): Promise<Writable>
}

export const POSTGRES_JS_VERSION = '3.4.9'
const STARTED_WITHIN_MS = 60_000
const NOBODY = 65_534
/** Sizes of memory for a machine of its kind, files that are durable as by default; no compiling of queries, which takes longer than most of these. */
const SETTINGS = {
  ...{ shared_buffers: '1GB', effective_cache_size: '4GB', work_mem: '256MB', maintenance_work_mem: '512MB', max_wal_size: '4GB' },
  ...{ random_page_cost: '1.1', jit: 'off', autovacuum: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '' },
}
const VALUES = 'received::float8, bid_price, bid_size, ask_price, ask_size'

/** PostgreSQL as a server: tables with a key in the order of the questions, rows by COPY both ways. */
export class Postgres implements Store {
  readonly asking: Record<Question, () => Promise<Answer>>
  readonly #server: TestProgram
  readonly #sql: Sql
  readonly #place: Place

  /** @param postgres path of the server's program; initdb lies beside it */
  static async start(postgres: string, place: Place): Promise<Postgres> {
    const connect = loadedPackage('postgres', POSTGRES_JS_VERSION)('postgres') as Connect
    const bin = await readableBin(dirname(postgres), place.folder)
    const data = join(place.folder, 'postgres')
    await mkdir(data)
    const asRoot = process.getuid?.() === 0
    if (asRoot) await chown(data, NOBODY, NOBODY)
    const command = (program: string, args: string[]) =>
      asRoot
        ? { command: 'setpriv', args: [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', join(bin, program), ...args] }
        : { command: join(bin, program), args }
    const init = command('initdb', ['-D', data, '-U', 'field', '-A', 'trust', '-E', 'UTF8', '--no-locale'])
    await promisify(execFile)(init.command, init.args, { cwd: data })
    const port = await freePort()
    const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = new TestProgram('postgres', command('postgres', ['-D', data, ...settings])).start()
    const ready = () => server.output.includes('ready to accept connections')
    await waitFor('postgres is ready', ready, STARTED_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server.output.slice(-2_000)}`)
    })
    return new Postgres(server, connect({ host: '127.0.0.1', port, username: 'field', database: 'postgres', max: 1 }), place)
  }

  constructor(server: TestProgram, sql: Sql, place: Place) {
    this.#server = server
    this.#sql = sql
    this.#place = place
    this.asking = this.#questions()
  }

  async load(): Promise<void> {
    const { quotesCsv, tradesCsv } = this.#place.tape
    for (const [table, columns, path] of [
      ['quotes', QUOTE_COLUMNS, quotesCsv],
      ['trades', TRADE_COLUMNS, tradesCsv],
    ] as const) {
      await this.#sql.unsafe(`CREATE TABLE ${table} (${columns.map((name) => `${name} ${TYPES[name] ?? 'float8'} NOT NULL`).join()})`)
      await pipeline(
        createReadStream(path),
        await this.#sql.unsafe(`COPY ${table} FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL (${columns.join()}))`).writable(),
      )
      await this.#sql.unsafe(`ALTER TABLE ${table} ADD PRIMARY KEY (cid, time, received)`)
      await this.#sql.unsafe(`VACUUM (FREEZE, ANALYZE) ${table}`)
    }
  }

  async sizeBytes(): Promise<number> {
    const [row] = await this.#cells(`SELECT (pg_total_relation_size('quotes') + pg_total_relation_size('trades'))::float8`)
    return row?.[0] ?? Number.NaN
  }

  #questions(): Record<Question, () => Promise<Answer>> {
    const { cid, whole, hour, minute, moments } = this.#place.tape
    const quotes = (range: Range) => `FROM quotes WHERE cid = ${cid} AND time >= ${range.startUs} AND time < ${range.endUs}`
    const inOrder = 'ORDER BY cid, time, received'
    const newest = 'ORDER BY cid DESC, time DESC, received DESC LIMIT'
    const first = async (sql: string) => [...((await this.#cells(sql))[0] ?? [])]
    return {
      minute: () => this.#rows(`SELECT ${VALUES} ${quotes(minute)} ${inOrder}`),
      hour: () => this.#rows(`SELECT ${VALUES} ${quotes(hour)} ${inOrder}`),
      last: () => this.#rows(`SELECT ${VALUES} FROM (SELECT * ${quotes(whole)} ${newest} ${LAST}) q ${inOrder}`),
      replay: () =>
        this.#rows(
          `SELECT ${VALUES} FROM (SELECT time, received, bid_price, bid_size, ask_price, ask_size ${quotes(whole)}
          UNION ALL SELECT time, received, price, size, 0, 0 FROM trades WHERE cid = ${cid}) t ORDER BY time, received`,
        ),
      scan: () => first(`SELECT count(*)::float8, max(bid_price), sum(ask_price - bid_price), sum(bid_size + ask_size) ${quotes(whole)}`),
      bars: async () => {
        const mids = `SELECT time / 60000000 * 60000000 AS minute, (bid_price + ask_price) / 2 AS mid, time, received ${quotes(whole)}`
        const edge = (order: string) =>
          `(SELECT (bid_price + ask_price) / 2 FROM quotes WHERE cid = ${cid} AND time >= minute AND time < minute + 60000000 ORDER BY cid ${order}, time ${order}, received ${order} LIMIT 1)`
        const sql = `SELECT minute::float8, ${edge('ASC')}, high, low, ${edge('DESC')}, n FROM (SELECT minute, max(mid) AS high, min(mid) AS low, count(*)::float8 AS n
          FROM (${mids}) m GROUP BY minute) b ORDER BY minute`
        const rows = await this.#cells(sql)
        return barsAnswer(
          rows.map(([bar = 0, open = 0, high = 0, low = 0, close = 0, count = 0]) => ({ minute: bar, open, high, low, close, count })),
        )
      },
      asOf: async () => {
        const found: number[] = []
        for (const atUs of moments) {
          const row = await first(
            `SELECT received::float8, bid_price, ask_price FROM quotes WHERE cid = ${cid} AND time <= ${atUs} AND received <= ${atUs} ${newest} 1`,
          )
          found.push(...(row.length > 0 ? row : [0, 0, 0]))
        }
        return found
      },
      join: () =>
        first(
          `SELECT count(*)::float8, count(mid)::float8, sum(abs(price - mid) * size) FROM (SELECT price, size, cid, received FROM trades WHERE cid = ${cid}) t
          LEFT JOIN LATERAL (SELECT (bid_price + ask_price) / 2 AS mid FROM quotes q WHERE q.cid = t.cid AND q.time <= t.received AND q.received <= t.received
          ORDER BY q.cid DESC, q.time DESC, q.received DESC LIMIT 1) s ON true`,
        ),
    }
  }

  /** Many rows: COPY is what its clients read fastest. */
  async #rows(sql: string): Promise<Answer> {
    const rows = new RowSum()
    for await (const line of createInterface({ input: await this.#sql.unsafe(`COPY (${sql}) TO STDOUT (FORMAT csv)`).readable() })) {
      const [received, price, size, other, otherSize] = line.split(',')
      rows.add(Number(received), Number(price), Number(size), Number(other), Number(otherSize))
    }
    return rows.answer
  }

  async #cells(sql: string): Promise<readonly (readonly number[])[]> {
    return (await this.#sql.unsafe(sql).values()) as readonly (readonly number[])[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end()
    this.#server.signal('SIGINT') // fast: SIGTERM waits for clients
    await Promise.race([this.#server.exited, once(AbortSignal.timeout(10_000), 'abort')])
    await this.#server.kill()
  }
}

const TYPES: Record<string, string> = { cid: 'int', time: 'bigint', received: 'bigint', exchange: 'text', conditions: 'text' }

/** The server does not run as root, and nobody else may look into root's home. */
async function readableBin(bin: string, folder: string): Promise<string> {
  await chmod(folder, 0o755)
  await chmod(dirname(folder), 0o755)
  if (!bin.startsWith(homedir())) return bin
  const copy = join(folder, 'programs')
  await cp(join(bin, '../../../../..'), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, bin.slice(bin.indexOf('/usr/lib/') + 1))
}
