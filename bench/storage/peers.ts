import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { compareTicks, hash31, hourOf, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, findSegments, openRange, type TickColumns, tickOfRow } from '@ib-stream/storage'
import protobuf from 'protobufjs'
import { TickMessageType } from '../../libs/storage/src/codec/proto-generic.ts'
import { type DuckdbConnection, loadDuckdb } from '../duckdb.ts'
import { MARKET_CIDS, modelMarket } from './days.ts'
import { assertSame, Digest } from './digest.ts'
import { elapsed, type Figure, figureOf, secondsOf, timesAsFast } from './figure.ts'
import { inFolder, putTree, putV2Tree, v2HourFolder } from './trees.ts'

const [CID = 0] = MARKET_CIDS
const TTS: readonly TickType[] = ['bid_ask', 'last']

interface Question {
  startUs: number
  endUs: number
}

/** A way to answer the question; `ticks` makes ticks of the answer where they are none yet, for the check that they are right. */
interface Way {
  ask(): Promise<unknown>
  ticks(answer: unknown): TickMessage[]
}

const OBJECTS = 'json → objects'
/** The best that could be done with such a tree; nobody did. */
const V2_HOUR = 'v2 tree, each line of the hour’s files parsed'
const V2_TREE = 'v2 tree, read the old way'

/** One hour of quotes and trades of the busy contract out of a day of five, in query order, as others would read it: time, and bytes that were read. */
export const peerFigures = (count: number, rounds: number): Promise<Figure[]> =>
  inFolder(async (dataDir) => {
    const duckdb = await openDuckdb()
    const { ways, figures } = await putVerified(dataDir, count, duckdb)
    const seconds = await secondsOf(Object.fromEntries(Object.entries(ways).map(([name, { ask }]) => [name, () => elapsed(ask)])), rounds)
    duckdb?.closeSync()
    const inMs = (name: string) => (seconds.get(name) ?? []).map((took) => took * 1_000)
    for (const name of Object.keys(ways)) figures.push(figureOf(`one hour, ${name}`, 'ms', inMs(name)))
    for (const rival of Object.keys(ways).filter((name) => name !== OBJECTS))
      figures.push(timesAsFast(seconds, OBJECTS, rival, rival === V2_TREE ? { atLeast: 5 } : {}))
    return figures
  })

/** Writes what the ways read, and holds each answer to the ticks, which live only in here: a heap that is full of them would slow down every way. */
async function putVerified(dataDir: string, count: number, duckdb: DuckdbConnection | undefined) {
  const market = modelMarket(count)
  for (const backend of BACKENDS) putTree(dataDir, backend, market)
  putV2Tree(dataDir, market)
  const startUs = hourOf(market[0]?.ts ?? 0) + US_PER_HOUR
  const question = { startUs, endUs: startUs + US_PER_HOUR }
  const wanted = market.filter((tick) => tick.cid === CID && isWanted(tick, question)).sort(compareTicks)
  putSqlite(sqlitePath(dataDir), market)
  const ways: Record<string, Way> = {
    ...ownWays(dataDir, question),
    ...peerWays(dataDir, question),
    ...duckdbWays(dataDir, question, duckdb),
  }
  const figures: Figure[] = []
  for (const [name, way] of Object.entries(ways)) {
    const before = bytesRead()
    const answer = await way.ask()
    const read = bytesRead() - before
    assertSame(name, new Digest().ticks(way.ticks(answer)), wanted)
    figures.push({ name: `one hour, ${name}: read`, value: read / 1e6, unit: 'MB' })
  }
  return { ways, figures }
}

const sqlitePath = (dataDir: string): string => join(dataDir, 'ticks.sqlite')

const isWanted = ({ tt, ts }: TickMessage, { startUs, endUs }: Question): boolean => TTS.includes(tt) && ts >= startUs && ts < endUs

function ownWays(dataDir: string, question: Question): Record<string, Way> {
  const range = (backend: 'json' | 'pb') => openRange({ dataDir, backends: [backend], cids: [CID], tts: TTS, ...question })
  const objects = (backend: 'json' | 'pb'): Way => ({
    ask: async () => collected((await range(backend)).batches()),
    ticks: (batches) => (batches as TickMessage[][]).flat(),
  })
  const columns = (backend: 'json' | 'pb'): Way => ({
    ask: async () => collected((await range(backend)).columns()),
    ticks: (batches) => (batches as TickColumns[]).flatMap((some) => Array.from({ length: some.length }, (_, row) => tickOfRow(some, row))),
  })
  return { [OBJECTS]: objects('json'), 'pb → objects': objects('pb'), 'json → columns': columns('json'), 'pb → columns': columns('pb') }
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

const asTheyAre = (answer: unknown): TickMessage[] => answer as TickMessage[]

function peerWays(dataDir: string, question: Question): Record<string, Way> {
  const pathsOf = async (backend: 'json' | 'pb') =>
    (await findSegments(dataDir, backend, { cids: [CID], tts: TTS, ...question })).map(({ path }) => join(dataDir, path))
  const inOrder = (ticks: TickMessage[]) => ticks.filter((tick) => isWanted(tick, question)).sort(compareTicks)
  const parsed = async (paths: readonly string[]) => {
    const ticks: TickMessage[] = []
    for (const path of paths) for (const line of await linesOf(path)) ticks.push(JSON.parse(line))
    return inOrder(ticks)
  }
  const decoded = async (paths: readonly string[]) => {
    const ticks: TickMessage[] = []
    for (const path of paths) {
      const reader = protobuf.Reader.create(await readFile(path))
      while (reader.pos < reader.len)
        ticks.push(TickMessageType.toObject(TickMessageType.decodeDelimited(reader), { longs: Number }) as TickMessage)
    }
    return inOrder(ticks)
  }
  return {
    'the same files, JSON.parse each line': { ask: async () => parsed(await pathsOf('json')), ticks: asTheyAre },
    'the same files, protobufjs': { ask: async () => decoded(await pathsOf('pb')), ticks: asTheyAre },
    'node:sqlite, a table with an index': sqliteWay(sqlitePath(dataDir), question),
    [V2_HOUR]: v2Way(async () => TTS.map((tt) => join(dataDir, v2HourFolder(question.startUs), `bg_${CID}_${tt}.jsonl`)), question),
    [V2_TREE]: v2Way(async () => v2FilesOf(join(dataDir, 'v2')), question),
  }
}

const linesOf = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trimEnd().split('\n')

/** As it was done: the whole tree is listed, and every file of the contract is read. */
const v2FilesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true }))
    .filter((name) => TTS.some((tt) => name.endsWith(`${CID}_${tt}.jsonl`)))
    .map((name) => join(folder, name))

interface V2Line {
  timestamp: string
  data: Record<string, number | string | boolean> & { unix_time: number }
  metadata: { tick_type: TickType }
}

/** Each line parsed, those of the time kept and sorted. */
function v2Way(pathsOf: () => Promise<string[]>, { startUs, endUs }: Question): Way {
  const ask = async (): Promise<V2Line[]> => {
    const found: V2Line[] = []
    for (const path of await pathsOf())
      for (const line of await linesOf(path)) {
        const tick = JSON.parse(line) as V2Line
        const ts = tick.data.unix_time * US_PER_SECOND
        if (ts >= startUs && ts < endUs) found.push(tick)
      }
    return found.sort((a, b) => a.data.unix_time - b.data.unix_time || (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0))
  }
  return { ask, ticks: (answer) => (answer as V2Line[]).map(tickOfV2) }
}

function tickOfV2({ timestamp, data, metadata }: V2Line): TickMessage {
  const st = Date.parse(`${timestamp.slice(0, 23)}Z`) * 1_000 + Number(timestamp.slice(23, 26))
  const core = { ts: data.unix_time * US_PER_SECOND, st, cid: CID, tt: metadata.tick_type, rid: hash31(CID, metadata.tick_type) }
  const rest =
    metadata.tick_type === 'bid_ask'
      ? { bp: data.bid_price, bs: data.bid_size, ap: data.ask_price, as: data.ask_size }
      : { p: data.price, s: data.size, ex: data.exchange }
  return { ...core, ...rest } as TickMessage
}

const COLUMNS = ['ts', 'st', 'cid', 'tt', 'rid', 'p', 's', 'bp', 'bs', 'ap', '"as"', 'ex'] as const

function putSqlite(path: string, market: readonly TickMessage[]): void {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = OFF; CREATE TABLE ticks (${COLUMNS.join(', ')}); BEGIN`)
  const insert = database.prepare(`INSERT INTO ticks VALUES (${COLUMNS.map(() => '?').join(', ')})`)
  for (const tick of market) {
    const given = tick as unknown as Record<string, number | string | undefined>
    insert.run(...COLUMNS.map((column) => given[column.replaceAll('"', '')] ?? null))
  }
  database.exec('COMMIT; CREATE INDEX by_time ON ticks (cid, ts, st)')
  database.close()
}

function sqliteWay(path: string, { startUs, endUs }: Question): Way {
  const database = new DatabaseSync(path, { readOnly: true })
  const select = database.prepare(`SELECT * FROM ticks WHERE cid = ? AND ts >= ? AND ts < ? AND tt IN ('bid_ask', 'last') ORDER BY ts, st`)
  return { ask: async () => select.all(CID, startUs, endUs), ticks: withoutNulls }
}

const withoutNulls = (rows: unknown): TickMessage[] =>
  (rows as Record<string, unknown>[]).map(
    (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as TickMessage,
  )

/** Undefined where it cannot be installed. */
async function openDuckdb(): Promise<DuckdbConnection | undefined> {
  try {
    return await (await loadDuckdb().DuckDBInstance.create()).connect()
  } catch (error) {
    process.stderr.write(`without DuckDB: ${error}\n`)
    return undefined
  }
}

function duckdbWays(dataDir: string, { startUs, endUs }: Question, duckdb: DuckdbConnection | undefined): Record<string, Way> {
  if (duckdb === undefined) return {}
  const types = `{ts: 'BIGINT', st: 'BIGINT', cid: 'INTEGER', tt: 'VARCHAR', rid: 'INTEGER', p: 'DOUBLE', s: 'DOUBLE', bp: 'DOUBLE', bs: 'DOUBLE', ap: 'DOUBLE', "as": 'DOUBLE', ex: 'VARCHAR'}`
  const hour = segmentFolder(dataDir, startUs)
  const files = TTS.map((tt) => readdirSync(hour).find((name) => name.startsWith(`${CID}_${tt}_`)) ?? '').map(
    (name) => `'${join(hour, name)}'`,
  )
  const sql = `SELECT * FROM read_json([${files.join()}], format = 'newline_delimited', columns = ${types}) WHERE ts >= ${startUs} AND ts < ${endUs} ORDER BY ts, st`
  const ask = async () => (await duckdb.runAndReadAll(sql)).getRowObjectsJS()
  const ticks = (rows: unknown) =>
    withoutNulls((rows as Record<string, unknown>[]).map((row) => ({ ...row, ts: Number(row.ts), st: Number(row.st) })))
  return { 'the same json files, DuckDB → objects': { ask, ticks } }
}

const segmentFolder = (dataDir: string, us: number): string => join(dataDir, v2HourFolder(us).replace('v2/', ''))

/** Bytes that this process asked of the kernel (Linux); those of files that it keeps open and maps are not in them. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? Number.NaN)
