import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf } from './archive-world.ts'

const TICKS = 30
/** A life takes half a second, ten times as long on a machine that others use. */
const TIMEOUT_MS = process.env.IB_STREAM_EVERY_STEP ? 3_600_000 : 240_000

const filesBelow = async (dataDir: string, folder: string): Promise<string[]> =>
  (await readdir(join(dataDir, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()

describe('the archive', () => {
  it('seals closed hours, makes closed days one file, keeps the rest as rows, and answers with every tick once', async () => {
    await using at = await temporaryDataDir()
    const world = new ArchiveWorld(at.dataDir, logOf(TICKS))
    await world.live()
    expect(await world.read()).toEqual({ ticks: world.log.toSorted(compareTicks), seq: TICKS })
    const sealed = await filesBelow(at.dataDir, 'parquet')
    expect(sealed.filter((name) => name === 'day.parquet')).toHaveLength(2) // quotes and trades of the first day
    expect(sealed.filter((name) => /^\d\d\.parquet$/.test(name)).length).toBeGreaterThan(2)
    expect(sealed.filter((name) => !/^(\d\d|day)\.parquet$/.test(name))).toEqual([])
    expect((await filesBelow(at.dataDir, '.state/parquet/rows')).length).toBeLessThan(5)
  })

  it(
    'killed before any effect: a reader sees what the checkpoint says, once; and whoever goes on ends with all',
    async () => {
      const log = logOf(TICKS)
      for (const n of await steps(log)) {
        await using at = await temporaryDataDir()
        const world = new ArchiveWorld(at.dataDir, log)
        expect(await world.live(n)).toBe('killed')
        const { ticks, seq } = await world.read()
        expect({ n, ticks }).toEqual({ n, ticks: log.slice(0, seq).toSorted(compareTicks) })
        await world.live()
        expect({ n, ...(await world.read()) }).toEqual({ n, ticks: log.toSorted(compareTicks), seq: TICKS })
      }
    },
    TIMEOUT_MS,
  )

  it(
    'cut from power before any effect: what was committed durably is there once, and whoever goes on ends with all',
    async () => {
      const log = logOf(TICKS)
      const chance = numbers(1)
      for (const n of await steps(log)) {
        await using at = await temporaryDataDir()
        const world = new ArchiveWorld(at.dataDir, log)
        expect(await world.live(n)).toBe('killed')
        await world.powerCut(() => FATES[chance() % FATES.length] ?? 'old')
        const { ticks, seq } = await world.read()
        expect({ n, ticks }).toEqual({ n, ticks: log.slice(0, seq).toSorted(compareTicks) })
        await world.live()
        expect({ n, ...(await world.read()) }).toEqual({ n, ticks: log.toSorted(compareTicks), seq: TICKS })
      }
    },
    TIMEOUT_MS,
  )
})

it(
  'takes nothing twice, and merges nothing below a footer, when its state is lost and the log is read anew',
  async () => {
    await using at = await temporaryDataDir()
    const log = logOf(TICKS)
    const world = new ArchiveWorld(at.dataDir, log)
    await world.live()
    await world.loseState()
    world.settleEvery = 7 // elsewhere than before, so that positions are no footer's
    for (const n of [20, 40]) {
      await world.live(n)
      const { ticks } = await world.read()
      expect(ticks).toEqual([...new Set(ticks.map((tick) => tick.st))].map((st) => ticks.find((tick) => tick.st === st)))
    }
    await world.live()
    expect(await world.read()).toEqual({ ticks: log.toSorted(compareTicks), seq: TICKS })
  },
  TIMEOUT_MS,
)

const FATES = ['old', 'new', 'torn'] as const

/** All that can be stopped at takes minutes; `IB_STREAM_EVERY_STEP=1` does it. */
const MOST_STEPS = process.env.IB_STREAM_EVERY_STEP ? Number.POSITIVE_INFINITY : 6

/** Effects of a whole life to stop before: those of sealing, evenly spread and elsewhere in each run. */
async function steps(log: ReturnType<typeof logOf>): Promise<number[]> {
  await using at = await temporaryDataDir()
  const world = new ArchiveWorld(at.dataDir, log)
  await world.live()
  const sealing = world.effects.flatMap(({ ofSealing }, n) => (ofSealing && n > 0 ? [n] : []))
  expect(sealing.length).toBeGreaterThan(100)
  const every = Math.max(1, Math.floor(sealing.length / MOST_STEPS))
  const first = Math.floor(Math.random() * every)
  return sealing.filter((_, place) => place % every === first)
}

/** A linear congruential generator, so that what a power cut keeps is the same in each run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 8
  }
}
