import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { floorKey, type LogFloor } from '../../src/rebuild/log-floor.ts'
import type { RebuiltCheckpoint } from '../../src/rebuild/rebuild-checkpoint.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { verify } from '../../src/verify/verify.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, recordTree, source, takeTick } from '../recorded-tree.ts'

const TICKS = 400
const PER_HOUR = 60

/** As the log would say it when it holds what came after message `seq`. */
function floorAt(ticks: readonly TickMessage[], seq: number): LogFloor {
  const firstStUs = new Map<string, number>()
  for (const { tt, st } of ticks.slice(seq)) if (!firstStUs.has(floorKey(CID, tt))) firstStUs.set(floorKey(CID, tt), st)
  return { seq, newestStUs: ticks.at(-1)?.st ?? 0, firstStUs, events: new Set() }
}

async function filesOf(dataDir: string, backend: OwnBackend): Promise<Map<string, string>> {
  const names = (await readdir(join(dataDir, backend), { recursive: true })).filter((name) => name.includes('.')).sort()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(dataDir, backend, name), 'hex')] as const)))
}

const checkpointOf = (backend: OwnBackend, kind: 'durable' | 'visible') => `.state/${backend}/checkpoints/09.${kind}.json`

describe('rebuildWhereLost', () => {
  it.each(['json', 'pb'] as const)(
    'property: %s files come back byte by byte, wherever the log begins and however often it dies on the way',
    async (backend) => {
      await using at = await temporaryDataDir()
      const ticks = await recordTree(at.dataDir, { ticks: TICKS, perHour: PER_HOUR, backends: [backend] })
      const whole = await filesOf(at.dataDir, backend)
      const anywhere = fc.record({
        floorSeq: fc.integer({ min: 0, max: TICKS }),
        damage: fc.constantFrom('missing' as const, 'damaged' as const),
        dieAfter: fc.option(fc.nat(TICKS)),
      })
      await fc.assert(
        fc.asyncProperty(anywhere, async ({ floorSeq, damage, dieAfter }) => {
          const rebuilds: RebuiltCheckpoint[] = []
          const open = () =>
            openPartitionStore({
              dataDir: at.dataDir,
              backend,
              partition: 9,
              source,
              logFloor: async () => floorAt(ticks, floorSeq),
              onRebuilt: (rebuilt) => rebuilds.push(rebuilt),
            })
          await rm(join(at.dataDir, checkpointOf(backend, 'visible')), { force: true })
          if (damage === 'damaged') await writeFile(join(at.dataDir, checkpointOf(backend, 'durable')), 'torn')
          else await rm(join(at.dataDir, checkpointOf(backend, 'durable')))
          for (const upTo of [dieAfter ?? TICKS, TICKS]) {
            await using store = await open()
            if (store === undefined) throw new Error('the partition is locked')
            expect(store.seq).toBeLessThanOrEqual(Math.max(floorSeq, upTo))
            for (let seq = Math.max(store.seq, floorSeq) + 1; seq <= upTo; seq++) {
              const tick = ticks[seq - 1]
              if (tick) takeTick(store, backend, seq, tick)
              if (seq % 50 === 0) await store.commitVisible()
            }
            if (upTo === TICKS) {
              if (store.seq < TICKS) store.advance(TICKS, 0)
              await store.commitDurable()
              await store.commitDurable()
            }
          }
          expect(rebuilds).toEqual([expect.objectContaining({ why: damage, floorSeq })])
          expect(await filesOf(at.dataDir, backend)).toEqual(whole)
          expect((await verify({ dataDir: at.dataDir, backends: [backend] })).damage).toEqual([])
        }),
        { numRuns: 12 },
      )
    },
    60_000,
  )

  it('does nothing where nothing was recorded yet, or the checkpoint is good', async () => {
    await using at = await temporaryDataDir()
    const logFloor = () => Promise.reject(new Error('nobody asks the log'))
    for (let n = 0; n < 2; n++) {
      await using store = await openPartitionStore({ dataDir: at.dataDir, backend: 'json', partition: 9, source, logFloor })
      store?.advance(7 + n, 1)
      await store?.commitDurable()
    }
    await recordTree(at.dataDir, { ticks: 100, perHour: 60, backends: ['pb'] })
    await using store = await openPartitionStore({ dataDir: at.dataDir, backend: 'pb', partition: 9, source, logFloor })
    expect(store?.seq).toBe(100)
  })

  it('leaves a file alone that lost bytes which no log gives back, so that verify goes on to tell of it', async () => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: TICKS, perHour: PER_HOUR, backends: ['json'] })
    const path = fileAt('json', 1)
    const bytes = await readFile(join(at.dataDir, path))
    await writeFile(join(at.dataDir, path), bytes.subarray(0, bytes.indexOf(10) + 1))
    for (const kind of ['visible', 'durable'] as const) await rm(join(at.dataDir, checkpointOf('json', kind)))
    await using store = await openPartitionStore({
      dataDir: at.dataDir,
      backend: 'json',
      partition: 9,
      source,
      logFloor: async () => floorAt(ticks, TICKS - 10),
    })
    await store?.commitDurable()
    expect((await verify({ dataDir: at.dataDir, backends: ['json'] })).damage).toEqual([expect.objectContaining({ path })])
  })
})
