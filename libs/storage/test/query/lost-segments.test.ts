import { appendFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, partitionOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { dayOf, manifestPath } from '../../src/layout/manifest-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { encodeManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { readManifests } from '../../src/manifest/read-manifest.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { fileAt, openStore, tickAt as recordedTickAt, recordTree, START_US, takeTick } from '../recorded-tree.ts'
import { all, CID, open, query } from './range-on-disk.ts'

describe('a closed file that its manifest knows', () => {
  const PER_HOUR = 40
  const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR }
  const ofHourOne = (ticks: readonly TickMessage[]) =>
    ticks.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs).sort(compareTicks)
  const losses: Record<string, (path: string) => Promise<void>> = {
    missing: (path) => rm(path),
    shorter: async (path) => truncate(path, (await stat(path)).size - 1),
    empty: (path) => truncate(path, 0),
  }

  it.each(Object.entries(losses))('regression: %s in one backend, an answer was short; now it is the other backend’s', async (_, lose) => {
    for (const backend of ['json', 'pb'] as const) {
      await using at = await temporaryDataDir()
      const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR })
      await lose(join(at.dataDir, fileAt(backend, 1)))
      await using range = await open(at.dataDir, hourOne)
      expect(await all(range)).toEqual(ofHourOne(ticks))
      expect(range.damage).toEqual([])
      const alone = { ...hourOne, backends: [backend] }
      await expect(open(at.dataDir, alone)).rejects.toMatchObject({
        code: 'IBS_STORAGE_MANIFEST_AHEAD',
        message: expect.stringContaining('ib-stream repair'),
        facts: { path: fileAt(backend, 1), count: ofHourOne(ticks).filter(({ tt }) => tt === 'bid_ask').length },
      })
      expect(await query(at.dataDir, { ...alone, tts: ['last'] })).toEqual(ofHourOne(ticks).filter(({ tt }) => tt === 'last'))
    }
  })

  it.each(Object.entries(losses))('regression: %s in both backends, an answer was short; now it is an error', async (_, lose) => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR })
    for (const backend of ['json', 'pb'] as const) await lose(join(at.dataDir, fileAt(backend, 1)))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
    const hourTwo = { startUs: hourOne.endUs, endUs: hourOne.endUs + US_PER_HOUR }
    const inHourTwo = ticks.filter(({ ts }) => ts >= hourTwo.startUs && ts < hourTwo.endUs)
    expect(await query(at.dataDir, hourTwo)).toEqual(inHourTwo.sort(compareTicks))
  })

  it('is not replaced by another backend that holds fewer ticks of the hour', async () => {
    await using at = await temporaryDataDir()
    await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR, backends: ['json'] })
    await using store = await openStore(at.dataDir, 'pb')
    for (let n = 0; n < 1.5 * PER_HOUR; n++) takeTick(store, 'pb', n + 1, recordedTickAt(n, PER_HOUR))
    await store.commitDurable()
    await rm(join(at.dataDir, fileAt('json', 1)))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
  })

  it('may be gone where retention noted that it removed it', async () => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR, backends: ['json'] })
    const path = fileAt('json', 1)
    const manifest = { dataDir: at.dataDir, backend: 'json', partition: partitionOf(CID), ...hourOne } as const
    const entry = (await readManifests(manifest, {})).entries.get(path)
    if (entry === undefined) throw new Error(`no manifest knows ${path}`)
    // A manifest that the checkpoint lists counts to its committed length, so the note would count only once it is committed.
    const { visible, durable } = statePaths('json', partitionOf(CID))
    for (const checkpoint of [visible, durable]) await rm(join(at.dataDir, checkpoint), { force: true })
    await rm(join(at.dataDir, path))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
    const day = manifestPath({ ...manifest, dayUs: dayOf(hourOne.startUs) })
    await appendFile(join(at.dataDir, day), encodeManifestEntry({ ...entry, removedUs: hourOne.endUs }))
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne(ticks).filter(({ tt }) => tt === 'last'))
  })
})
