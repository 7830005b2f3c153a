import { deepStrictEqual } from 'node:assert'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, hourOf, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, findSegments, type OwnBackend, openRange, type RangeOptions, type TickRange } from '@ib-stream/storage'
import { MARKET_CIDS, modelMarket } from './days.ts'
import { assertSame, Digest } from './digest.ts'
import { elapsed, type Figure, figureOf, secondsOf, timesAsFast } from './figure.ts'
import { inFolder, putTree } from './trees.ts'

const [BUSY_CID = 0] = MARKET_CIDS
const QUOTES: readonly TickType[] = ['bid_ask']
const BOTH: readonly TickType[] = ['bid_ask', 'last']
const LAST_TICKS = 1_000
const CHUNK_BYTES = 256 * 1024

interface Shape extends Pick<RangeOptions, 'cids' | 'tts' | 'startUs' | 'endUs'> {
  name: string
}

/** Ranges over closed hours: how long, how many files to merge, and in which form the answer is wanted. */
export const rangeFigures = (count: number, rounds: number): Promise<Figure[]> =>
  inFolder(async (dataDir) => {
    const { shapes, wanted } = putMarket(dataDir, count)
    const runs: Record<string, () => Promise<number>> = {}
    const sizes = new Map<string, number>()
    for (const backend of BACKENDS) {
      for (const shape of shapes) {
        const ticks = wanted(shape)
        const range = () => openRange({ ...shape, dataDir, backends: [backend] })
        await verify(`${backend}, ${shape.name}`, range, backend, ticks)
        for (const [way, run] of Object.entries(ways(range, backend))) {
          runs[`${backend}, ${shape.name} → ${way}`] = () => elapsed(run)
          sizes.set(`${backend}, ${shape.name} → ${way}`, ticks.length)
        }
      }
      const day = shapes.find(({ name }) => name === DAY) as Shape
      Object.assign(runs, bareLoops(backend, await pathsOf(dataDir, backend, day)))
      const name = `${backend}, last ${LAST_TICKS} of a day`
      const last = async () => (await openRange({ ...day, dataDir, backends: [backend] })).last(LAST_TICKS)
      assertSame(name, new Digest().ticks(await last()), wanted(day).slice(-LAST_TICKS))
      runs[name] = () => elapsed(last)
    }
    const seconds = await secondsOf(runs, rounds)
    return [...speeds(seconds, sizes), ...againstBareLoops(seconds)]
  })

const DAY = 'a day of one type'

/** Writes the market in both formats; the naive answer to a shape is all ticks, searched and sorted. */
function putMarket(dataDir: string, count: number) {
  const market = modelMarket(count)
  for (const backend of BACKENDS) putTree(dataDir, backend, market)
  const startUs = hourOf(market[0]?.ts ?? 0)
  const endUs = hourOf(Math.max(...MARKET_CIDS.map((cid) => market.findLast((tick) => tick.cid === cid)?.ts ?? 0))) + US_PER_HOUR
  const hour = { startUs: startUs + US_PER_HOUR, endUs: startUs + 2 * US_PER_HOUR }
  const minute = { startUs: hour.startUs + 1_800 * US_PER_SECOND, endUs: hour.startUs + 1_860 * US_PER_SECOND }
  const shapes: Shape[] = [
    { name: 'a minute of one type', cids: [BUSY_CID], tts: QUOTES, ...minute },
    { name: 'an hour of one type', cids: [BUSY_CID], tts: QUOTES, ...hour },
    { name: DAY, cids: [BUSY_CID], tts: QUOTES, startUs, endUs },
    { name: 'a day of two types', cids: [BUSY_CID], tts: BOTH, startUs, endUs },
    { name: 'an hour of five contracts, two types', cids: MARKET_CIDS, tts: BOTH, ...hour },
  ]
  const wanted = ({ cids, tts, ...span }: Shape): TickMessage[] =>
    market.filter(({ cid, tt, ts }) => cids.includes(cid) && tts.includes(tt) && ts >= span.startUs && ts < span.endUs).sort(compareTicks)
  return { shapes, wanted }
}

type Open = () => Promise<TickRange>

const ways = (range: Open, format: OwnBackend): Record<string, () => Promise<number>> => ({
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

/** What no reader of files can be faster than: every file read from its start, into one piece of memory or into new memory for each chunk. */
const bareLoops = (backend: OwnBackend, paths: readonly string[]): Record<string, () => Promise<number>> => ({
  [`${backend}, bare loop, lent chunks`]: () => {
    const memory = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    return elapsed(() => readAll(paths, () => memory))
  },
  [`${backend}, bare loop, new chunks`]: () => elapsed(() => readAll(paths, () => Buffer.allocUnsafeSlow(CHUNK_BYTES))),
})

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

const againstBareLoops = (seconds: ReadonlyMap<string, readonly number[]>): Figure[] =>
  BACKENDS.flatMap((backend) => [
    timesAsFast(seconds, `${backend}, ${DAY} → lent bytes`, `${backend}, bare loop, lent chunks`, { atLeast: 0.7 }),
    timesAsFast(seconds, `${backend}, ${DAY} → bytes`, `${backend}, bare loop, new chunks`, { atLeast: 0.7 }),
  ])

async function sum(items: AsyncIterable<{ readonly length: number }>): Promise<number> {
  let total = 0
  for await (const { length } of items) total += length
  deepStrictEqual(total > 0, true)
  return total
}
