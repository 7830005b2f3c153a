import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compareTicks, hourOf, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import { dayOf } from '../../src/layout/manifest-path.ts'
import { sealedHourPath } from '../../src/layout/sealed-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { findSeed, seedPartition } from '../../src/rebuild/seed.ts'
import type { Source } from '../../src/segment/checkpoint.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, recordTree } from '../recorded-tree.ts'

const SOURCE: Source = { spoolId: 'spool', source: 'simulator' }
const PARTITION = 4

async function bring(dataDir: string, backend: Backend, seq: number, source = SOURCE): Promise<void> {
  await using store = await openPartitionStore({ dataDir, backend, partition: PARTITION, source })
  store?.advance(seq, 1)
  await store?.commitDurable()
}

const seedOf = (dataDir: string, backend: Backend, seq: number) => findSeed(dataDir, { backend, partition: PARTITION, source: SOURCE }, seq)

describe('findSeed', () => {
  it('for the archive takes the fuller of json and pb, whichever that is, and none where neither is ahead', async () => {
    for (const [fuller, other] of [
      ['json', 'pb'],
      ['pb', 'json'],
    ] as const) {
      await using at = await temporaryDataDir()
      await bring(at.dataDir, fuller, 90)
      await bring(at.dataDir, other, 40)
      for (const seq of [0, 60]) expect(await seedOf(at.dataDir, 'parquet', seq)).toEqual({ backend: fuller, seq: 90 })
      expect(await seedOf(at.dataDir, 'parquet', 90)).toBeUndefined()
      expect(await seedOf(at.dataDir, other, 40)).toEqual({ backend: fuller, seq: 90 })
      expect(await seedOf(at.dataDir, fuller, 90)).toBeUndefined()
    }
  })

  it('passes over a backend of another recording, and one whose checkpoint is damaged, however full', async () => {
    await using at = await temporaryDataDir()
    await bring(at.dataDir, 'json', 30)
    await bring(at.dataDir, 'pb', 90, { ...SOURCE, spoolId: 'other' })
    expect(await seedOf(at.dataDir, 'parquet', 0)).toEqual({ backend: 'json', seq: 30 })
    await writeFile(join(at.dataDir, '.state/json/checkpoints/04.durable.json'), 'torn')
    expect(await seedOf(at.dataDir, 'parquet', 0)).toBeUndefined()
  })
})

describe('seedPartition', () => {
  it('regression: a damaged sealed file kept the hole of its whole partition from being filled', async () => {
    await using at = await temporaryDataDir()
    const { dataDir } = at
    const ticks = await recordTree(dataDir, { ticks: 12, perHour: 2 })
    const quotes = ticks.filter(({ tt }) => tt === 'bid_ask')
    const hourUs = hourOf(quotes[0]?.ts ?? 0)
    const damaged = sealedHourPath({ cid: CID, tt: 'bid_ask', dayUs: dayOf(hourUs) }, hourUs)
    await mkdir(dirname(join(dataDir, damaged)), { recursive: true })
    await writeFile(join(dataDir, damaged), 'PAR1 and nothing else')
    const taken: TickMessage[] = []
    const report = await seedPartition({
      ...{ dataDir, partition: 9, from: 'json', to: 'parquet' },
      floor: { seq: 12, newestStUs: ticks.at(-1)?.st ?? 0, firstStUs: new Map(), events: new Set() },
      append: (_path, some) => taken.push(...some),
      settle: async () => undefined,
      signal: new AbortController().signal,
    })
    const left = ticks.filter(({ tt, ts }) => tt === 'bid_ask' && hourOf(ts) === hourUs)
    expect(left.length).toBeGreaterThan(0)
    expect(taken.toSorted(compareTicks)).toEqual(ticks.filter((tick) => !left.includes(tick)).toSorted(compareTicks))
    expect(report.different).toEqual([segmentPath({ backend: 'parquet', cid: CID, tt: 'bid_ask', hourUs })])
  })
})
