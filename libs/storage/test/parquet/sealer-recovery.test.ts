import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hourOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { SEALED_BACKEND } from '../../src/layout/backend.ts'
import { dayOf } from '../../src/layout/manifest-path.ts'
import { sealedHourPath } from '../../src/layout/sealed-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { Sealer } from '../../src/parquet/sealer.ts'
import { openRange } from '../../src/query/open-range.ts'
import { floorKey } from '../../src/rebuild/log-floor.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/segment/checkpoint.ts'
import { openPartitionStore, type PartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, openStore, START_US, source, takeTick, tickAt } from '../recorded-tree.ts'

const quote = (ts: number, st = ts): TickMessage => ({ ...tickAt(1, 2), ts, st })
/** Of the first hour, though received when that was long sealed. */
const late = (n: number): TickMessage => quote(START_US + n, START_US + 2 * US_PER_HOUR + n)
const ROWS = segmentPath({ backend: SEALED_BACKEND, cid: CID, tt: 'bid_ask', hourUs: START_US })
const SEALED = sealedHourPath({ cid: CID, tt: 'bid_ask', dayUs: dayOf(START_US) }, hourOf(START_US))

const sealerOf = (dataDir: string, store: PartitionStore, troubles: string[] = []): Sealer =>
  new Sealer({ dataDir, partition: 9, source, store, onTrouble: (path) => troubles.push(path) })

/** The first hour is sealed with one tick, up to message 2; those that are late wait as rows, for an hour after that. */
async function sealAndWait(dataDir: string, lateTicks: readonly TickMessage[]): Promise<void> {
  await using store = await openStore(dataDir, SEALED_BACKEND)
  const sealer = sealerOf(dataDir, store)
  for (const [n, tick] of [quote(START_US), quote(START_US + 2 * US_PER_HOUR), ...lateTicks].entries()) {
    takeTick(store, SEALED_BACKEND, n + 1, tick)
    await store.commitDurable()
    await sealer.sealHours()
  }
}

async function firstHour(dataDir: string): Promise<TickMessage[]> {
  const about = { dataDir, backends: [SEALED_BACKEND] as const, cids: [CID], tts: ['bid_ask'] as const }
  await using range = await openRange({ ...about, startUs: START_US, endUs: START_US + US_PER_HOUR })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return ticks
}

describe('the sealer', () => {
  it('regression: rows that no sealed file had went when the checkpoint was lost and the log no longer held them', async () => {
    await using at = await temporaryDataDir()
    const { dataDir } = at
    const waiting = [late(1), late(2), late(3)]
    await sealAndWait(dataDir, waiting)
    for (const path of [statePaths(SEALED_BACKEND, 9).durable, statePaths(SEALED_BACKEND, 9).visible]) await rm(join(dataDir, path))
    const next = late(9)
    const floor = { seq: 5, newestStUs: next.st, firstStUs: new Map([[floorKey(CID, 'bid_ask'), next.st]]), events: new Set<string>() }
    await using store = await openPartitionStore({ dataDir, backend: SEALED_BACKEND, partition: 9, source, logFloor: async () => floor })
    if (store === undefined) throw new Error('the partition is locked')
    await sealerOf(dataDir, store).recover()
    store.advance(floor.seq, 0) // what the log no longer holds is passed
    takeTick(store, SEALED_BACKEND, 6, next)
    await store.commitDurable()
    expect(await firstHour(dataDir)).toEqual([quote(START_US), ...waiting, next])
  })

  it('forgets rows that were listed for ticks that then never came, of which there is no file', async () => {
    await using at = await temporaryDataDir()
    const { dataDir } = at
    await sealAndWait(dataDir, [])
    const durable = join(dataDir, statePaths(SEALED_BACKEND, 9).durable)
    const checkpoint = decodeCheckpoint(await readFile(durable, 'utf8'))
    if (checkpoint === undefined) throw new Error('no checkpoint')
    await rm(join(dataDir, statePaths(SEALED_BACKEND, 9).visible))
    await writeFile(durable, encodeCheckpoint({ ...checkpoint, files: { ...checkpoint.files, [ROWS]: 0 } }))
    await using store = await openStore(dataDir, SEALED_BACKEND)
    expect(Object.keys(store.committedFiles)).toContain(ROWS)
    await sealerOf(dataDir, store).recover()
    expect(Object.keys(store.committedFiles)).not.toContain(ROWS)
  })

  it('regression: a damaged sealed file kept its whole partition from being written, for good', async () => {
    await using at = await temporaryDataDir()
    const { dataDir } = at
    await sealAndWait(dataDir, [late(1)])
    const whole = await readFile(join(dataDir, SEALED))
    await writeFile(join(dataDir, SEALED), 'PAR1 and nothing else')
    await using store = await openStore(dataDir, SEALED_BACKEND)
    const troubles: string[] = []
    const sealer = sealerOf(dataDir, store, troubles)
    await sealer.recover()
    expect(await sealer.heldSeqOf(ROWS)).toBe(0)
    const other = segmentPath({ backend: SEALED_BACKEND, cid: CID, tt: 'bid_ask', hourUs: START_US + US_PER_HOUR })
    await writeFile(join(dataDir, SEALED.replace('/14.', '/15.')), whole)
    expect(await sealer.heldSeqOf(other)).toBe(2) // its neighbours still say what they hold
    takeTick(store, SEALED_BACKEND, 4, late(2))
    await store.commitDurable()
    await sealer.sealHours()
    expect(troubles.length).toBeGreaterThan(0)
    expect(Object.keys(store.committedFiles)).toContain(ROWS)
  })
})
