import { truncate, unlink } from 'node:fs/promises'
import { US_PER_DAY } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { diskBytesOfDay, type HeldHour, readDayHours } from '../../src/retention/day-hours.ts'
import { retain } from '../../src/retention/retain.ts'
import { recordedOnce } from '../recorded-once.ts'
import { fileAt, START_US } from '../recorded-tree.ts'
import { jsonForADay } from '../retention-tree.ts'

const DAY_US = Math.floor(START_US / US_PER_DAY) * US_PER_DAY
const recording = recordedOnce()

describe('what a backend has of a day', () => {
  const hourOf = (hours: readonly HeldHour[], path: string) =>
    hours.find(
      ({ entries, cid, tt, hourUs }) => entries.some((entry) => entry.path === path) || path.includes(`${cid}_${tt}_${hourUs / 1e6}.`),
    )

  it('is every tick, in hours in their order, of which the newest are still open', async () => {
    const { hours, leftovers } = await readDayHours(recording.dataDir, 'json', DAY_US)
    expect(hours.reduce((sum, { ticks }) => sum + (Number.isNaN(ticks) ? 0 : ticks), 0)).toBeGreaterThan(recording.ticks.length / 2)
    expect(hours.map(({ hourUs }) => hourUs)).toEqual(hours.map(({ hourUs }) => hourUs).toSorted((a, b) => a - b))
    expect(new Set(hours.map(({ state }) => state))).toEqual(new Set(['closed', 'open']))
    expect(hourOf(hours, fileAt('json', 1))?.state).toBe('closed')
    expect(leftovers).toEqual([])
    expect(await diskBytesOfDay(recording.dataDir, 'json', DAY_US)).toBe(hours.reduce((sum, { diskBytes }) => sum + diskBytes, 0))
    expect((await readDayHours(recording.dataDir, 'json', DAY_US, 3)).hours).toEqual([]) // of another partition
  })

  it('says where a file differs from its manifest or is missing, and what retention took', async () => {
    await using at = await recording.copied()
    const before = await readDayHours(at.dataDir, 'json', DAY_US)
    await truncate(at.in(fileAt('json', 1)), 10)
    await unlink(at.in(fileAt('json', 2)))
    const { hours } = await readDayHours(at.dataDir, 'json', DAY_US)
    for (const hour of [1, 2]) expect(hourOf(hours, fileAt('json', hour))?.state).toBe('differs')
    await using other = await recording.copied()
    await retain(jsonForADay(other.dataDir))
    const after = await readDayHours(other.dataDir, 'json', DAY_US)
    const gone = hourOf(after.hours, fileAt('json', 1))
    expect(gone).toMatchObject({ state: 'gone', removedTicks: hourOf(before.hours, fileAt('json', 1))?.ticks, diskBytes: 0 })
    expect(gone?.ticks).toBe(gone?.removedTicks)
  })
})
