import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { BACKENDS, type Backend, SEALED_BACKEND } from '../../src/layout/backend.ts'
import type { RetentionOptions } from '../../src/retention/report.ts'
import { retain } from '../../src/retention/retain.ts'
import { takeStock } from '../../src/retention/stock.ts'
import { outcomeOf } from '../data-dir.ts'
import { ArchiveWorld } from '../parquet/archive-world.ts'
import { query, recordedOnce, sorted, TICKS } from '../recorded-once.ts'
import { openStore, takeTick } from '../recorded-tree.ts'
import { closedHours, filesOf, LONG_AFTER_US } from '../retention-tree.ts'

const ALL: readonly Backend[] = [...BACKENDS, SEALED_BACKEND]
const recording = recordedOnce()

beforeAll(async () => {
  const world = new ArchiveWorld(recording.dataDir, recording.ticks)
  world.settleEvery = 100
  await world.live()
})

const jsonAndPb = (dataDir: string): RetentionOptions => ({
  ...{ dataDir, keep: { json: { maxAgeUs: US_PER_DAY }, pb: { maxAgeUs: 2 * US_PER_DAY } }, nowUs: LONG_AFTER_US },
})

async function sealedIn(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, SEALED_BACKEND), { recursive: true })
  return names.filter((name) => name.endsWith('.parquet')).map((name) => join(dataDir, SEALED_BACKEND, name))
}

describe('with an archive, retention', () => {
  it('takes hours of all other backends away once they are sealed with as many ticks; answers are as before', async () => {
    await using at = await recording.copied()
    const sealed = await closedHours(at.dataDir, SEALED_BACKEND)
    const [json, pb] = [await closedHours(at.dataDir, 'json'), await closedHours(at.dataDir, 'pb')]
    expect(sealed.map(({ hourUs, tt, ticks }) => ({ hourUs, tt, ticks }))).toEqual(
      pb.map(({ hourUs, tt, ticks }) => ({ hourUs, tt, ticks })),
    )
    const report = await retain(jsonAndPb(at.dataDir))
    expect(report).toMatchObject({
      removed: { hours: json.length + pb.length },
      stayed: { unconfirmed: 0, copy_damaged: 0 },
      unreachable: [],
    })
    expect(await query(at.dataDir, { backends: ALL })).toEqual(sorted(recording.ticks))
    expect(await at.damage()).toEqual([])
    const log = await readFile(at.in('.state/pb/retention/09.jsonl'), 'utf8')
    expect(JSON.parse(log.split('\n')[0] ?? '')).toMatchObject({ copyIn: SEALED_BACKEND })
  })

  it('keeps hours of which the archive is damaged, in its pages or in its footer', async () => {
    await using at = await recording.copied()
    const [one = '', other = ''] = await sealedIn(at.dataDir)
    const spoilt = await readFile(one)
    await writeFile(one, spoilt.fill(spoilt.at(40) === 7 ? 8 : 7, 40, 41))
    await writeFile(other, (await readFile(other)).subarray(0, -9))
    const { removed, stayed } = await retain({
      ...jsonAndPb(at.dataDir),
      keep: { pb: { maxAgeUs: US_PER_DAY } },
      backends: ['pb', 'parquet'],
    })
    expect(stayed.copy_damaged).toBeGreaterThan(0)
    expect(stayed.unconfirmed).toBeGreaterThan(0)
    expect(removed.hours).toBe((await closedHours(recording.dataDir, 'pb')).length - stayed.copy_damaged - stayed.unconfirmed)
  })

  it('keeps an hour of which late rows still wait', async () => {
    await using at = await recording.copied()
    const [hour] = await closedHours(at.dataDir, SEALED_BACKEND)
    if (hour === undefined) throw new Error('nothing is sealed')
    const store = await openStore(at.dataDir, SEALED_BACKEND)
    takeTick(store, SEALED_BACKEND, TICKS + 1, {
      ...(recording.ticks[0] as TickMessage),
      ts: hour.hourUs,
      st: LONG_AFTER_US,
      tt: hour.tt,
    } as TickMessage)
    await store.commitVisible()
    await store.close()
    await retain(jsonAndPb(at.dataDir))
    const left = (await closedHours(at.dataDir, 'pb')).map(({ hourUs, tt }) => ({ hourUs, tt }))
    expect(left).toEqual([{ hourUs: hour.hourUs, tt: hour.tt }])
  })

  it('does not count an archive that is none of the backends that are read, and takes nothing of the archive', async () => {
    await using at = await recording.copied()
    const before = await filesOf(at.dataDir, 'pb')
    await retain({ ...jsonAndPb(at.dataDir), backends: BACKENDS })
    expect(await filesOf(at.dataDir, 'pb')).toEqual(before)
    const limited = { ...jsonAndPb(at.dataDir), keep: { parquet: { maxAgeUs: 1 } } }
    expect(await outcomeOf(retain(limited))).toBe('IBS_STORAGE_RETENTION_INVALID')
  })
})

it('the stock has each sealed file with its ticks by hour, and the rows that wait', async () => {
  const files = (await Array.fromAsync(takeStock({ dataDir: recording.dataDir, backend: SEALED_BACKEND }))).flat()
  const sealed = files.filter(({ path }) => path.endsWith('.parquet'))
  expect(sealed.map(({ path }) => join(recording.dataDir, path)).sort()).toEqual((await sealedIn(recording.dataDir)).sort())
  for (const { path, bytes, state, ticks, hours } of sealed) {
    expect([state, bytes]).toEqual(['closed', (await stat(join(recording.dataDir, path))).size])
    expect(hours.reduce((sum, hour) => sum + (hour.ticks ?? 0), 0)).toBe(ticks)
  }
  const rows = files.filter(({ path }) => path.endsWith('.rows'))
  expect(rows.every(({ state }) => state === 'open')).toBe(true)
  expect([...sealed, ...rows].reduce((sum, { ticks }) => sum + (ticks ?? Number.NaN), 0)).toBe(TICKS)
  expect(rows.length).toBeGreaterThan(0)
})
