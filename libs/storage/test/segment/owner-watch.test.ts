import { describe, expect, it } from '@jest/globals'
import { OwnerWatch } from '../../src/segment/owner-watch.ts'
import { openPartitionStore, type PartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'

const SOURCE = { spoolId: 'spool', source: 'simulator' } as const
const P = 3
const LOG_SEQ = 20

async function commitAt(store: PartitionStore | undefined, seq: number): Promise<void> {
  store?.advance(seq, 1)
  await store?.commitVisible()
}

describe('OwnerWatch', () => {
  it('tells a checkpoint that stands still below the log’s end, with its lock held, from one that moves', async () => {
    await using dir = await temporaryDataDir()
    const store = await openPartitionStore({ dataDir: dir.dataDir, backend: 'json', partition: P, source: SOURCE })
    const watch = new OwnerWatch(dir.dataDir, 'json')
    const look = async (nowMs: number) => (await watch.look([P], LOG_SEQ, nowMs))[0]
    await commitAt(store, 5)
    expect(await look(0)).toMatchObject({ seq: 5, stillMs: 0 })
    expect(await look(9_000)).toMatchObject({ stillMs: 9_000, locked: true })
    await commitAt(store, 6)
    expect(await look(10_000)).toMatchObject({ seq: 6, stillMs: 0 })
    expect(await look(15_000)).toMatchObject({ stillMs: 5_000 })
    await store?.close()
    expect(await look(16_000)).toMatchObject({ stillMs: 6_000, locked: false })
  })

  it('has nothing to say of one that stands at the log’s end, however long', async () => {
    await using dir = await temporaryDataDir()
    await using store = await openPartitionStore({ dataDir: dir.dataDir, backend: 'json', partition: P, source: SOURCE })
    await commitAt(store, LOG_SEQ)
    const watch = new OwnerWatch(dir.dataDir, 'json')
    await watch.look([P], LOG_SEQ, 0)
    expect(await watch.look([P], LOG_SEQ, 60_000)).toMatchObject([{ seq: LOG_SEQ, stillMs: 0 }])
  })

  it('counts a partition that nobody ever took as unlocked', async () => {
    await using dir = await temporaryDataDir()
    const watch = new OwnerWatch(dir.dataDir, 'pb')
    await watch.look([P], LOG_SEQ, 0)
    expect(await watch.look([P], LOG_SEQ, 5_000)).toMatchObject([{ seq: undefined, stillMs: 5_000, locked: false }])
  })
})
