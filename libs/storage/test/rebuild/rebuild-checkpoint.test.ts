import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { manifestPath } from '../../src/layout/manifest-path.ts'
import { floorKey, type LogFloor } from '../../src/rebuild/log-floor.ts'
import type { RebuiltCheckpoint } from '../../src/rebuild/rebuild-checkpoint.ts'
import { retain } from '../../src/retention/retain.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { verify } from '../../src/verify/verify.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, openStore, recordOf, recordTree, START_US, source, takeTick } from '../recorded-tree.ts'
import { jsonForADay } from '../retention-tree.ts'

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
  it('lets what retention took away stay away, though its name was still there; late ticks that came since are kept', async () => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: TICKS, perHour: PER_HOUR })
    const [gone, begunAnew] = [fileAt('json', 1), fileAt('json', 2)]
    const old = await readFile(join(at.dataDir, gone))
    await retain(jsonForADay(at.dataDir))
    await mkdir(dirname(join(at.dataDir, gone)), { recursive: true })
    await writeFile(join(at.dataDir, gone), old) // as if it had died before
    const late = {
      ...ticks[TICKS - 1],
      tt: 'bid_ask',
      ts: START_US + 2 * US_PER_HOUR,
      st: (ticks.at(-1)?.st ?? 0) + 1,
      bp: 1,
      bs: 1,
    } as TickMessage
    {
      await using store = await openStore(at.dataDir, 'json')
      takeTick(store, 'json', TICKS + 1, late)
      await store.commitDurable()
    }
    for (const kind of ['visible', 'durable'] as const) await rm(join(at.dataDir, checkpointOf('json', kind)))
    const floor = floorAt([...ticks, late], TICKS + 1)
    await using store = await openPartitionStore({
      dataDir: at.dataDir,
      backend: 'json',
      partition: 9,
      source,
      logFloor: async () => floor,
    })
    expect(store?.seq).toBeLessThanOrEqual(TICKS + 1)
    await expect(stat(join(at.dataDir, gone))).rejects.toThrow('ENOENT')
    expect(await readFile(join(at.dataDir, begunAnew), 'utf8')).toBe(Buffer.from(recordOf('json', late)).toString())
    store?.advance(TICKS + 2, late.st + US_PER_HOUR)
    await store?.commitDurable()
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
    const before = ticks.filter(({ tt, ts }) => tt === 'bid_ask' && ts >= late.ts && ts < late.ts + US_PER_HOUR).length
    expect(before).toBeGreaterThan(0)
    const manifest = await readFile(join(at.dataDir, manifestPath({ backend: 'json', partition: 9, dayUs: START_US })), 'utf8')
    expect(manifest).toContain(`"removedCount":${before}`)
  })

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
