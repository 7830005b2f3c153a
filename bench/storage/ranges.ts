import { deepStrictEqual } from 'node:assert'
import { mkdirSync, writeFileSync } from 'node:fs'
import promises, { mkdtemp, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hourOf, type TickMessage, US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, type Backend, encodeTickProto, encodeTicksJson, openRange, segmentPath, type TickRange } from '@ib-stream/storage'
import { type Figure, figureOf, secondsOf } from './figure.ts'

const FIRST_DAY_US = Date.UTC(2025, 0, 1) * 1_000
const TICKS_PER_SMALL_FILE = 100

/** Ranges over closed hours: a day whole as objects and as columns, and one hour of a tree of a day and of a year. */
export async function rangeFigures(ticks: readonly TickMessage[], rounds: number): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-bench-ranges-'))
  try {
    return [...(await wholeDay(folder, ticks, rounds)), ...(await oneHour(folder, rounds))]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Quotes and trades lie in files of their own, so objects and columns are merged from two files an hour. */
async function wholeDay(folder: string, ticks: readonly TickMessage[], rounds: number): Promise<Figure[]> {
  const runs: Record<string, () => Promise<number>> = {}
  for (const backend of BACKENDS) {
    const dataDir = join(folder, `whole-${backend}`)
    putTicks(dataDir, backend, ticks)
    const cid = ticks[0]?.cid ?? 0
    const range = () => openRange({ dataDir, backends: [backend], cids: [cid], tts: ['bid_ask', 'last'], startUs: 0, endUs: 2 ** 52 })
    deepStrictEqual(await sum((await range()).batches(), ({ length }) => length), ticks.length)
    runs[`range ${backend} → objects`] = async () => cpuOf(async () => sum((await range()).batches(), ({ length }) => length))
    runs[`range ${backend} → columns`] = async () => cpuOf(async () => sum((await range()).columns(), ({ length }) => length))
  }
  const seconds = await secondsOf(runs, rounds)
  return [...seconds].map(([name, took]) =>
    figureOf(
      name,
      'ticks/CPU s',
      took.map((each) => ticks.length / each),
    ),
  )
}

const HOURS_LOOKED_AT = 12

async function oneHour(folder: string, rounds: number): Promise<Figure[]> {
  const cid = 8314
  const trees = { day: 1, year: 365 }
  const figures: Figure[] = []
  const open: Record<string, (startUs: number) => Promise<TickRange>> = {}
  for (const [name, days] of Object.entries(trees)) {
    const dataDir = join(folder, name)
    for (let hourUs = FIRST_DAY_US; hourUs < FIRST_DAY_US + days * US_PER_DAY; hourUs += US_PER_HOUR)
      putTicks(dataDir, 'json', smallHour(cid, hourUs))
    open[name] = (startUs) => openRange({ dataDir, backends: ['json'], cids: [cid], tts: ['last'], startUs, endUs: startUs + US_PER_HOUR })
  }
  const look = async (name: string, startUs: number) =>
    sum(await open[name]?.(startUs).then((range) => range.batches()), ({ length }) => length)
  for (const name of Object.keys(trees)) {
    const opened = await openedBy(async () => deepStrictEqual(await look(name, FIRST_DAY_US + 14 * US_PER_HOUR), TICKS_PER_SMALL_FILE))
    figures.push({ name: `one hour of a ${name}: files opened`, value: opened, unit: 'files' })
  }
  const runs = Object.fromEntries(
    Object.keys(trees).map((name) => [
      name,
      () =>
        cpuOf(async () => {
          for (let n = 0; n < HOURS_LOOKED_AT; n++) await look(name, FIRST_DAY_US + (n % 24) * US_PER_HOUR)
        }),
    ]),
  )
  const seconds = await secondsOf(runs, rounds)
  for (const [name, took] of seconds)
    figures.push(
      figureOf(
        `one hour of a ${name}: CPU`,
        'µs',
        took.map((each) => (each / HOURS_LOOKED_AT) * US_PER_SECOND),
      ),
    )
  return figures
}

function smallHour(cid: number, hourUs: number): TickMessage[] {
  return Array.from({ length: TICKS_PER_SMALL_FILE }, (_, n) => {
    const ts = hourUs + n * US_PER_SECOND
    return { ts, st: ts + 100_003, cid, tt: 'last', rid: 7, p: 100 + n / 4, s: 1 }
  })
}

/** Closed hours without a checkpoint, as an import leaves them. */
function putTicks(dataDir: string, backend: Backend, ticks: readonly TickMessage[]): void {
  for (const [path, some] of Map.groupBy(ticks, ({ cid, tt, ts }) => segmentPath({ backend, cid, tt, hourUs: hourOf(ts) }))) {
    mkdirSync(dirname(join(dataDir, path)), { recursive: true })
    writeFileSync(
      join(dataDir, path),
      backend === 'json' ? encodeTicksJson(some) : Buffer.concat(some.map((tick) => encodeTickProto(tick))),
    )
  }
}

async function sum<Item>(items: AsyncIterable<Item> | undefined, of: (item: Item) => number): Promise<number> {
  let total = 0
  for await (const item of items ?? []) total += of(item)
  return total
}

/** CPU seconds of this process. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / US_PER_SECOND
}

/** How often a file or folder is opened meanwhile, counted at Node's own door. */
async function openedBy(work: () => Promise<void>): Promise<number> {
  const { open } = promises
  let opened = 0
  promises.open = (...args) => {
    opened++
    return open(...args)
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    promises.open = open
    syncBuiltinESMExports()
  }
  return opened
}
