import { deepStrictEqual } from 'node:assert'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, hourOf, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, findSegments, type OwnBackend, openRange, type RangeOptions, type TickRange } from '@ib-stream/storage'
import { MARKET_CIDS, modelMarket } from './days.ts'
import { assertSame, Digest } from './digest.ts'
import { cpuOf, elapsed, type Figure, figureOf, secondsOf, timesAsFast } from './figure.ts'
import { inFolder, putTree } from './trees.ts'

const [BUSY_CID = 0] = MARKET_CIDS
const QUOTES: readonly TickType[] = ['bid_ask']
const BOTH: readonly TickType[] = ['bid_ask', 'last']
const LAST_TICKS = 1_000
const CHUNK_BYTES = 256 * 1024

interface Shape extends Pick<RangeOptions, 'cids' | 'tts' | 'startUs' | 'endUs'> {
  name: string
  /** How many it has. */
  ticks: number
}

/** Ranges over closed hours: how long, how many files to merge, and in which form the answer is wanted. */
export const rangeFigures = (count: number, rounds: number): Promise<Figure[]> =>
  inFolder(async (dataDir) => {
    const shapes = await putVerified(dataDir, count)
    const day = shapes.find(({ name }) => name === DAY) as Shape
    const runs: Record<string, () => Promise<number>> = {}
    const sizes = new Map<string, number>()
    const raw: Figure[] = []
    for (const backend of BACKENDS) {
      raw.push(...(await againstBareLoops(backend, { dataDir, day, rounds: RAW_TIMES * rounds })))
      for (const { name, ticks, ...shape } of shapes) {
        const all = ways(() => openRange({ ...shape, dataDir, backends: [backend] }), backend)
        for (const [way, run] of Object.entries(all)) {
          runs[`${backend}, ${name} → ${way}`] = () => elapsed(run)
          sizes.set(`${backend}, ${name} → ${way}`, ticks)
        }
      }
      runs[`${backend}, last ${LAST_TICKS} of a day`] = () => elapsed(() => lastOf(dataDir, backend, day))
    }
    return [...speeds(await secondsOf(runs, rounds), sizes), ...raw]
  })

const DAY = 'a day of one type'

const lastOf = async (dataDir: string, backend: OwnBackend, { cids, tts, startUs, endUs }: Shape): Promise<TickMessage[]> =>
  (await openRange({ dataDir, backends: [backend], cids, tts, startUs, endUs })).last(LAST_TICKS)

/** Writes the market in both formats, and holds every answer to what a search of all ticks, sorted, gives. They live only in here: a heap that is full of them slows down whatever makes the collector look. */
async function putVerified(dataDir: string, count: number): Promise<Shape[]> {
  const market = modelMarket(count)
  for (const backend of BACKENDS) putTree(dataDir, backend, market)
  const shapes = shapesOf(
    hourOf(market[0]?.ts ?? 0),
    Math.max(...MARKET_CIDS.map((cid) => market.findLast((tick) => tick.cid === cid)?.ts ?? 0)),
  )
  for (const shape of shapes) {
    const wanted = market
      .filter(({ cid, tt, ts }) => shape.cids.includes(cid) && shape.tts.includes(tt) && ts >= shape.startUs && ts < shape.endUs)
      .sort(compareTicks)
    shape.ticks = wanted.length
    for (const backend of BACKENDS) {
      const { cids, tts, startUs, endUs } = shape
      await verify(
        `${backend}, ${shape.name}`,
        () => openRange({ dataDir, backends: [backend], cids, tts, startUs, endUs }),
        backend,
        wanted,
      )
      if (shape.name === DAY) assertSame('last', new Digest().ticks(await lastOf(dataDir, backend, shape)), wanted.slice(-LAST_TICKS))
    }
  }
  return shapes
}

function shapesOf(startUs: number, lastUs: number): Shape[] {
  const day = { startUs, endUs: hourOf(lastUs) + US_PER_HOUR, ticks: 0 }
  const hour = { startUs: startUs + US_PER_HOUR, endUs: startUs + 2 * US_PER_HOUR, ticks: 0 }
  const minute = { startUs: hour.startUs + 1_800 * US_PER_SECOND, endUs: hour.startUs + 1_860 * US_PER_SECOND, ticks: 0 }
  return [
    { name: 'a minute of one type', cids: [BUSY_CID], tts: QUOTES, ...minute },
    { name: 'an hour of one type', cids: [BUSY_CID], tts: QUOTES, ...hour },
    { name: DAY, cids: [BUSY_CID], tts: QUOTES, ...day },
    { name: 'a day of two types', cids: [BUSY_CID], tts: BOTH, ...day },
    { name: 'an hour of five contracts, two types', cids: MARKET_CIDS, tts: BOTH, ...hour },
  ]
}

type Open = () => Promise<TickRange>

const ways = (range: Open, format: OwnBackend) => ({
  objects: async () => sum((await range()).batches()),
  columns: async () => sum((await range()).columns()),
  bytes: async () => sum((await range()).bytes({ format, chunkBytes: CHUNK_BYTES })),
  'lent bytes': async () => sum((await range()).bytes({ format, chunkBytes: CHUNK_BYTES, chunks: 'lent' })),
})

async function verify(name: string, range: Open, format: OwnBackend, wanted: readonly TickMessage[]): Promise<void> {
  const { batches, columns, bytes } = { batches: await range(), columns: await range(), bytes: await range() }
  assertSame(`${name} → objects`, await new Digest().each(batches.batches(), Digest.prototype.ticks), wanted)
  assertSame(`${name} → columns`, await new Digest().each(columns.columns(), Digest.prototype.columns), wanted)
  for (const chunks of ['kept', 'lent'] as const)
    assertSame(name, await new Digest(format).each(bytes.bytes({ format, chunks }), Digest.prototype.bytes), wanted, format)
}

const pathsOf = async (dataDir: string, backend: OwnBackend, day: Shape): Promise<string[]> =>
  (await findSegments(dataDir, backend, day)).map(({ path }) => join(dataDir, path))

/** What no reader of files can be faster than: every file read from its start. */
async function readAll(paths: readonly string[], memory: () => Buffer): Promise<void> {
  for (const path of paths) {
    await using file = await open(path)
    for (let at = 0, got = -1; got !== 0; at += got) got = (await file.read(memory(), 0, CHUNK_BYTES, at)).bytesRead
  }
}

function speeds(seconds: ReadonlyMap<string, readonly number[]>, sizes: ReadonlyMap<string, number>): Figure[] {
  const figures: Figure[] = []
  for (const [name, took] of seconds) {
    const ticks = sizes.get(name)
    const isShort = ticks === undefined || name.includes('minute')
    const values = took.map((each) => (isShort ? each * 1_000 : ticks / each))
    figures.push(figureOf(name, isShort ? 'ms' : 'ticks/s', values))
  }
  return figures
}

/** They take milliseconds, so they are measured by their CPU time, more often, and with nothing else in between. */
const RAW_TIMES = 6

async function againstBareLoops(
  backend: OwnBackend,
  { dataDir, day, rounds }: { dataDir: string; day: Shape; rounds: number },
): Promise<Figure[]> {
  const paths = await pathsOf(dataDir, backend, day)
  const all = ways(() => openRange({ ...day, dataDir, backends: [backend] }), backend)
  const [lent, kept, bareLent, bareNew] = ['lent bytes', 'bytes', 'bare loop, lent chunks', 'bare loop, new chunks'].map(
    (name) => `${backend}, ${DAY}, CPU → ${name}`,
  ) as [string, string, string, string]
  const memory = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const seconds = await secondsOf(
    {
      [lent]: () => cpuOf(all['lent bytes']),
      [bareLent]: () => cpuOf(() => readAll(paths, () => memory)),
      [kept]: () => cpuOf(all.bytes),
      [bareNew]: () => cpuOf(() => readAll(paths, () => Buffer.allocUnsafeSlow(CHUNK_BYTES))),
    },
    rounds,
  )
  return [timesAsFast(seconds, lent, bareLent, { atLeast: 0.7 }), timesAsFast(seconds, kept, bareNew, { atLeast: 0.7 })]
}

async function sum(items: AsyncIterable<{ readonly length: number }>): Promise<number> {
  let total = 0
  for await (const { length } of items) total += length
  deepStrictEqual(total > 0, true)
  return total
}
