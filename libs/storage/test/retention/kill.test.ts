import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { compareTicks, TICK_TYPES, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { openRange } from '../../src/query/open-range.ts'
import { verify } from '../../src/verify/verify.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, openStore, recordTree, START_US } from '../recorded-tree.ts'
import { filesOf } from '../retention-tree.ts'

async function retainUntil(dataDir: string, failPoint: string): Promise<unknown> {
  const child = spawn(process.execPath, [resolve(__dirname, 'kill-child.ts'), dataDir], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, IB_STREAM_FAIL_POINT: failPoint },
  })
  const [code, signal] = await once(child, 'close')
  return signal ?? code
}

async function query(dataDir: string): Promise<TickMessage[]> {
  await using range = await openRange({
    ...{ dataDir, cids: [CID], tts: TICK_TYPES },
    ...{ startUs: START_US - US_PER_DAY, endUs: START_US + US_PER_DAY },
  })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return ticks
}

describe('retention killed with SIGKILL', () => {
  it.each([
    ['append', 2], // the first is the log of what goes
    ['rename it to durable', 1], // that lists the manifest
    ['rename it to durable', 2], // that names what is removed
    ['fsync folder state', 2],
    ['unlink', 1],
    ['unlink', 3],
    ['rename it to durable', 3], // that forgets it
  ])('before "%s" number %i: answers are the same, nothing looks damaged, and a writer finishes it', async (label, time) => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: 28, perHour: 7 })
    const before = await filesOf(at.dataDir, 'json')
    expect(await retainUntil(at.dataDir, `kill ${time} ${label}`)).toBe('SIGKILL')
    const killed = await filesOf(at.dataDir, 'json')
    expect(await query(at.dataDir)).toEqual(ticks.toSorted(compareTicks))
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
    const store = await openStore(at.dataDir, 'json')
    await store.close()
    const recovered = await filesOf(at.dataDir, 'json')
    expect(recovered.length === before.length || recovered.length < before.length - 3).toBe(true) // none or all of the day
    if (killed.length < before.length) expect(recovered.length).toBeLessThan(before.length)
    expect(await query(at.dataDir)).toEqual(ticks.toSorted(compareTicks))
    expect(await retainUntil(at.dataDir, '')).toBe(0)
    expect(await query(at.dataDir)).toEqual(ticks.toSorted(compareTicks))
  })
})
