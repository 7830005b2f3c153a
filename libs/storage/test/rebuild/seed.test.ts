import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import { findSeed } from '../../src/rebuild/seed.ts'
import type { Source } from '../../src/segment/checkpoint.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'

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
