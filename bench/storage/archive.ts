import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import { hash31, isoFromUs, type TickMessage, US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { openRange } from '@ib-stream/storage'
import { openedBy } from '../../libs/storage/test/opened.ts'
import { MARKET_CIDS } from './days.ts'
import { elapsed, type Figure, figureOf, secondsOf, timesAsFast } from './figure.ts'
import { inFolder, putTree } from './trees.ts'

const YEAR_START_US = Date.UTC(2025, 0, 1) * 1_000
const DAYS = 365
/** The day that is asked for stands in the middle of the year. */
const DAY_US = YEAR_START_US + 182 * US_PER_DAY
/** Few, so that what is measured is finding the file, and not reading it. */
const TICKS_PER_FILE = 60
const HOURS_LOOKED_AT = 24
const TIMES = 5
const [CID = 0] = MARKET_CIDS

/** One hour of one contract, out of a tree of one day and out of one of a year, five contracts each. */
export const archiveFigures = (rounds: number): Promise<Figure[]> =>
  inFolder(async (folder) => {
    const trees = { day: join(folder, 'day'), year: join(folder, 'year') }
    putDays(trees.day, DAY_US, 1)
    putDays(trees.year, YEAR_START_US, DAYS)
    const figures: Figure[] = []
    for (const [name, dataDir] of Object.entries(trees)) {
      const hourUs = DAY_US + 14 * US_PER_HOUR
      const { files, folders } = await openedBy(async () => deepStrictEqual(await hourOf(dataDir, hourUs), ticksOf(CID, hourUs)))
      const outside = files.filter((path) => !path.includes('/.state/') && !path.startsWith(join(dataDir, hourFolder(hourUs))))
      const elsewhere = folders.filter((path) => !join(dataDir, hourFolder(hourUs)).startsWith(path))
      figures.push(
        { name: `one hour of a ${name}: files opened`, value: files.length, unit: 'files' },
        { name: `one hour of a ${name}: of them ticks of another hour`, value: outside.length, unit: 'files', atMost: 0 },
        { name: `one hour of a ${name}: folders listed`, value: folders.length, unit: 'folders' },
        { name: `one hour of a ${name}: of them not on the way to the hour`, value: elsewhere.length, unit: 'folders', atMost: 0 },
      )
    }
    const look = (dataDir: string) => async () => {
      for (let n = 0; n < HOURS_LOOKED_AT * TIMES; n++) await hourOf(dataDir, DAY_US + (n % HOURS_LOOKED_AT) * US_PER_HOUR)
    }
    const [ofDay, ofYear] = ['one hour of a day', 'one hour of a year'] as const
    const seconds = await secondsOf({ [ofDay]: () => elapsed(look(trees.day)), [ofYear]: () => elapsed(look(trees.year)) }, 2 * rounds)
    for (const [name, took] of seconds)
      figures.push(
        figureOf(
          name,
          'ms',
          took.map((each) => (each / HOURS_LOOKED_AT / TIMES) * 1_000),
        ),
      )
    return [...figures, { ...timesAsFast(seconds, ofDay, ofYear, { atMost: 1.2 }), name: `${ofYear} takes as long as ${ofDay}` }]
  })

const hourFolder = (hourUs: number): string => `json/${isoFromUs(hourUs).slice(0, 13).replaceAll(/[-T]/g, '/')}`

async function hourOf(dataDir: string, startUs: number): Promise<TickMessage[]> {
  const range = await openRange({ dataDir, backends: ['json'], cids: [CID], tts: ['last'], startUs, endUs: startUs + US_PER_HOUR })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return ticks
}

/** Some days at a time, which bounds the memory. */
function putDays(dataDir: string, startUs: number, days: number): void {
  const AT_ONCE = 10
  for (let day = 0; day < days; day += AT_ONCE) {
    const ticks: TickMessage[] = []
    const endUs = startUs + Math.min(days, day + AT_ONCE) * US_PER_DAY
    for (let hourUs = startUs + day * US_PER_DAY; hourUs < endUs; hourUs += US_PER_HOUR)
      for (const cid of MARKET_CIDS) ticks.push(...ticksOf(cid, hourUs))
    putTree(dataDir, 'json', ticks)
  }
}

const ticksOf = (cid: number, hourUs: number): TickMessage[] =>
  Array.from({ length: TICKS_PER_FILE }, (_, n) => {
    const ts = hourUs + n * 60 * US_PER_SECOND
    return { ts, st: ts + 100_003, cid, tt: 'last', rid: hash31(cid, 'last'), p: 100 + n / 4, s: 1 }
  })
