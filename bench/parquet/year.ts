import { deepStrictEqual } from 'node:assert'
import { link, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isoFromUs, US_PER_DAY } from '@ib-stream/model'
import { openRange } from '@ib-stream/storage'
import { archiveFiles, makeTables } from '../../apps/cli/src/sql/archive-tables.ts'
import { daysAsked } from '../../apps/cli/src/sql/days-asked.ts'
import { type Duckdb, type DuckdbConnection, loadDuckdb } from '../duckdb.ts'
import { MARKET_CIDS, modelDay } from '../storage/days.ts'
import { elapsed, type Figure, figureOf, secondsOf } from '../storage/figure.ts'
import { inFolder } from '../storage/trees.ts'
import { barsSql, naiveBars, makeTables as plainTables, putDay } from './queries.ts'

const YEAR_START_US = Date.UTC(2025, 0, 1) * 1_000
const DAYS = 365
const DAY_TICKS = 300_000
/** Of the other days, and of the other contracts: a file costs its place, whatever it holds. */
const FEW_TICKS = 400
const [CID = 0, ...OTHERS] = MARKET_CIDS

/** One day, asked of an archive of that day alone and of one of a year of five contracts. */
export const yearFigures = (scale: number, rounds: number): Promise<Figure[]> =>
  inFolder(async (folder) => {
    const ticks = modelDay(Math.round(DAY_TICKS * scale))
    const first = ticks[0]?.ts ?? 0
    const dayUs = Math.floor(first / US_PER_DAY) * US_PER_DAY
    const dates = { day: join(folder, 'day'), year: join(folder, 'year') }
    for (const dataDir of Object.values(dates)) await putDay(dataDir, ticks)
    await putRest(dates.year, dayUs)
    const quotes = ticks.filter(({ tt }) => tt === 'bid_ask')
    const day = { cid: CID, date: isoFromUs(first).slice(0, 10) }
    const wanted = naiveBars(ticks)
    const reads = async (dataDir: string) => {
      const range = await openRange({
        dataDir,
        backends: ['parquet'],
        cids: [CID],
        tts: ['bid_ask'],
        startUs: dayUs,
        endUs: dayUs + US_PER_DAY,
      })
      let next = 0
      for await (const batch of range.batches()) for (const tick of batch) deepStrictEqual(tick, quotes[next++])
      deepStrictEqual(next, quotes.length)
    }
    const duckdb = loadDuckdb()
    const bars = barsSql('quotes', day)
    const plain = await duckdb.DuckDBInstance.create()
    try {
      const runs: Record<string, () => Promise<number>> = {}
      for (const [name, dataDir] of Object.entries(dates)) {
        const connection = await plain.connect()
        await plainTables(connection, dataDir)
        runs[`${name}: its quotes, by range`] = () => elapsed(() => reads(dataDir))
        runs[`${name}: its bars, by ib-stream sql`] = () =>
          elapsed(async () => deepStrictEqual(await askedOnce(duckdb, { dataDir, folder, statement: bars }), wanted))
        runs[`${name}: its bars, by the views in DuckDB`] = () =>
          elapsed(async () => deepStrictEqual(await rowsOf(connection, bars), wanted))
      }
      const took = await secondsOf(runs, rounds)
      const figures = [...took].map(([name, seconds]) =>
        figureOf(
          `one day out of a ${name}`,
          'ms',
          seconds.map((each) => each * 1_000),
        ),
      )
      const msOf = (name: string) => figures.find((figure) => figure.name === `one day out of a ${name}`)?.value ?? Number.NaN
      const ratio = (what: string) => msOf(`year: ${what}`) / msOf(`day: ${what}`)
      return [
        ...figures,
        { name: 'out of a year as out of a day, by range', value: ratio('its quotes, by range'), unit: 'times', atMost: 1.2 },
        { name: 'out of a year as out of a day, by ib-stream sql', value: ratio('its bars, by ib-stream sql'), unit: 'times', atMost: 1.2 },
        {
          name: 'out of a year as out of a day, by the views in DuckDB',
          value: ratio('its bars, by the views in DuckDB'),
          unit: 'times',
        },
      ]
    } finally {
      plain.closeSync()
    }
  })

const rowsOf = async (connection: DuckdbConnection, statement: string) => (await connection.runAndReadAll(statement)).getRowObjectsJS()

/** All that `ib-stream sql` does for a statement once it runs: what it asks for, which files have it, tables of them, and the answer. */
async function askedOnce(duckdb: Duckdb, { dataDir, folder, statement }: { dataDir: string; folder: string; statement: string }) {
  const { files } = await archiveFiles(dataDir, folder, await daysAsked(duckdb, statement))
  const instance = await duckdb.DuckDBInstance.create()
  try {
    const connection = await instance.connect()
    await makeTables(connection, files)
    return await rowsOf(connection, statement)
  } finally {
    instance.closeSync()
  }
}

/** All other days, and the other contracts: files that are never to be read, so one serves as all. */
async function putRest(dataDir: string, dayUs: number): Promise<void> {
  for (const cid of [CID, ...OTHERS]) {
    const some = modelDay(FEW_TICKS, { cid, startUs: YEAR_START_US })
    const source = `${dataDir}-${cid}`
    await putDay(source, some)
    for (const tt of new Set(some.map((tick) => tick.tt))) {
      const fileOf = (root: string, us: number) =>
        join(root, 'parquet', `cid=${cid}`, `tt=${tt}`, `date=${isoFromUs(us).slice(0, 10)}`, 'day.parquet')
      for (let us = YEAR_START_US; us < YEAR_START_US + DAYS * US_PER_DAY; us += US_PER_DAY) {
        if (cid === CID && us === dayUs) continue
        await mkdir(dirname(fileOf(dataDir, us)), { recursive: true })
        await link(fileOf(source, YEAR_START_US), fileOf(dataDir, us))
      }
    }
  }
}
