import { compareTicks, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { readCheckpoint } from '../../src/segment/read-position.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { START_US } from '../recorded-tree.ts'
import { ArchiveWorld, type Effect, logOf, PARTITION } from './archive-world.ts'

const TICKS = 30
const TIMEOUT_MS = 120_000

/** Two quotes that come when their day is one file already, of two hours of it. */
const log: readonly TickMessage[] = logOf(TICKS).map((tick, n) =>
  n === 25 ? { ...tick, ts: START_US + 5 * US_PER_HOUR } : n === 28 ? { ...tick, ts: START_US + 7 * US_PER_HOUR } : tick,
)

const isRowsGoing = ({ call, path }: Effect): boolean => call === 'remove' && path.endsWith('.rows')
const isHourGoing = ({ call, path }: Effect): boolean => call === 'remove' && /\/\d\d\.parquet$/.test(path)
const isDayNamed = ({ call, path }: Effect): boolean => call === 'rename' && path.endsWith('.day.parquet.tmp')

function worldIn(dataDir: string): ArchiveWorld {
  const world = new ArchiveWorld(dataDir, log)
  world.settleEvery = 8 // so that the first day is one file before its late quotes come
  return world
}

/** Effects of a life that are such and follow none of their kind: the first of them, and the last. */
async function firstAndLast(is: (effect: Effect) => boolean): Promise<number[]> {
  await using at = await temporaryDataDir()
  const world = worldIn(at.dataDir)
  await world.live()
  const begins = world.effects.flatMap((effect, n, effects) => (is(effect) && !(n > 0 && is(effects[n - 1] as Effect)) ? [n] : []))
  return [...new Set([begins[0] ?? Number.NaN, begins.at(-1) ?? Number.NaN])]
}

it(
  'has a newer checkpoint before hours go that became a day: by it readers who looked before see that sealed files changed',
  async () => {
    const [named] = await firstAndLast(isDayNamed)
    const [going] = await firstAndLast(isHourGoing)
    const checkpointBefore = async (n: number | undefined) => {
      await using at = await temporaryDataDir()
      const world = worldIn(at.dataDir)
      expect(await world.live(n)).toBe('killed')
      return await readCheckpoint(at.dataDir, 'parquet', PARTITION)
    }
    const [before, after] = [await checkpointBefore(named), await checkpointBefore(going)]
    expect(after?.seq).toBe(before?.seq)
    expect(after?.v).toBeGreaterThan(before?.v ?? Number.NaN)
  },
  TIMEOUT_MS,
)

const MOMENTS = [
  { what: 'before rows go that were sealed', is: isRowsGoing, later: 0, kept: 'nothing' },
  { what: 'after the first of sealed rows went', is: isRowsGoing, later: 1, kept: 'all' },
  { what: 'before a day gets its name', is: isDayNamed, later: 0, kept: 'all' },
  { what: 'before hours go that became a day', is: isHourGoing, later: 0, kept: 'nothing' },
  { what: 'before the first of them goes', is: isHourGoing, later: 0, kept: 'all' },
  { what: 'after the first of them went', is: isHourGoing, later: 1, kept: 'all' },
] as const

it.each(MOMENTS)(
  'cut from power $what, with $kept of what was not synced: what was committed is there once, and whoever goes on ends with all',
  async ({ is, later, kept }) => {
    for (const begin of await firstAndLast(is)) {
      const n = begin + later
      await using at = await temporaryDataDir()
      const world = worldIn(at.dataDir)
      expect(await world.live(n)).toBe('killed')
      await world.powerCut(() => (kept === 'all' ? 'new' : 'old'))
      const { ticks, seq } = await world.read()
      expect({ n, ticks }).toEqual({ n, ticks: log.slice(0, seq).toSorted(compareTicks) })
      await world.live()
      expect({ n, ...(await world.read()) }).toEqual({ n, ticks: log.toSorted(compareTicks), seq: TICKS })
    }
  },
  TIMEOUT_MS,
)
