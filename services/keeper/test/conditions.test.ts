import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLog } from '@ib-stream/bus'
import { openPartitionStore } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { conditionsOf, LIMITS } from '../src/conditions.ts'
import type { Keeper } from '../src/keeper.ts'
import type { BackendSight, Sight } from '../src/sight.ts'
import { KeeperBench } from './support.ts'

const never = new AbortController().signal
const GIB = 2 ** 30

/** Two looks, as an alert needs; gives what fires. */
async function firing(keeper: Keeper): Promise<Map<string, string>> {
  for (const _ of [1, 2]) await keeper.look(never)
  return new Map(keeper.firing.map(({ alert, summary }) => [alert, summary]))
}

describe('what the keeper watches, on a real log and real files', () => {
  it('says which partitions are locked while their checkpoint stands still, which nobody holds, and that both are over', async () => {
    await using bench = await KeeperBench.open(100)
    await bench.bring('json', 40)
    const spoolId = (await readLog(bench.bus.manager))?.owner.spoolId ?? ''
    const source = { spoolId, source: 'simulator' } as const
    const frozen = await openPartitionStore({ dataDir: bench.dataDir, backend: 'json', partition: 3, source })
    const keeper = await bench.keeper({ backends: ['json'], limits: { ...LIMITS, stillMs: 2_500 } })
    const found = await waitFor('both are seen', async () => {
      const now = await firing(keeper)
      return now.has('owner_stale json') && now.has('no_owner json') && now
    })
    expect(found.get('owner_stale json')).toMatch(/^lock held but checkpoint stale: partitions 3 of json;/)
    expect(found.get('no_owner json')).toMatch(/^nobody writes partitions 0,1,2,4,5,/)
    await frozen?.close()
    await bench.bring('json', 100)
    await waitFor('both are over', async () => {
      const now = await firing(keeper)
      return !now.has('owner_stale json') && !now.has('no_owner json')
    })
  }, 40_000)

  it('says how far a backend is behind, by its oldest message that waits, and that it has caught up', async () => {
    await using bench = await KeeperBench.open(100)
    await Promise.all([bench.bring('json', 100), bench.bring('pb', 70)])
    const keeper = await bench.keeper({ limits: { ...LIMITS, lagSeconds: 0.5 } })
    const told = await waitFor('the lag', async () => (await firing(keeper)).get('writer_lag pb'))
    expect(told).toMatch(/^pb is 30 messages, \d+ s behind the log;/)
    expect(keeper.firing.map(({ alert }) => alert)).not.toContain('writer_lag json')
    await bench.bring('pb', 100)
    expect((await firing(keeper)).has('writer_lag pb')).toBe(false)
  })

  it('says that a disk is low, that the spool holds what the log has not, and which checkpoint is damaged', async () => {
    await using bench = await KeeperBench.open(100)
    await Promise.all([bench.bring('json', 100), bench.bring('pb', 100)])
    const spool = join(bench.dataDir, '.state/spool')
    await mkdir(spool, { recursive: true })
    const keeper = await bench.keeper()
    expect([...(await firing(keeper)).keys()].filter((alert) => alert !== 'disk_low')).toEqual([])
    await writeFile(join(spool, `${'900'.padStart(16, '0')}.spool`), '') // its messages are above all that the log has
    const damaged = join(bench.dataDir, '.state/pb/checkpoints/05.durable.json')
    await writeFile(damaged, (await readFile(damaged, 'utf8')).slice(0, 40))
    const small = await bench.keeper({ limits: { ...LIMITS, diskFreeShare: 1, diskFreeBytes: Number.POSITIVE_INFINITY } })
    const found = await firing(small)
    expect(found.get('disk_low')).toMatch(/^\d+\.\d\d GiB of \d+\.\d\d GiB are free on the disk of DATA_DIR;/)
    expect(found.get('spool_unsent')).toMatch(/^0\.01 GiB of ingest's spool are not in the log;/)
    expect(found.get('checkpoint pb')).toMatch(/partition 5: IBS_STORAGE_CHECKPOINT_DAMAGED/)
    expect([...found.keys()]).not.toContain('checkpoint json')
    expect(await bench.firstSeq()).toBe(100) // trimmed before the damage, and not further since
  })

  it('says that the log ends below the files', async () => {
    await using bench = await KeeperBench.open(20)
    await Promise.all([bench.bring('json', 50), bench.bring('pb', 20)])
    const found = await firing(await bench.keeper())
    expect(found.get('log_behind json')).toMatch(/^the log ends below partitions 0,1,2.* of json: it lost its tail; ingest refills it/)
    expect([...found.keys()]).not.toContain('log_behind pb')
    expect(await bench.firstSeq()).toBe(1)
  })
})

describe('conditionsOf', () => {
  const log = { firstSeq: 1, lastSeq: 100, spoolId: 'ours', bytes: 0, maxBytes: 100, behind: [] }
  const n0 = { server: 'n0', lagMessages: 4_361 }
  const owner = { partition: 0, seq: 100, stillMs: 0, locked: undefined, problem: undefined }
  const backend = (more: Partial<BackendSight>): BackendSight => ({
    backend: 'json',
    owners: [owner],
    lagMessages: 0,
    lagSeconds: 0,
    ...more,
  })
  const sight = (more: Partial<Sight>): Sight => ({
    disk: { totalBytes: 1_000 * GIB, freeBytes: 500 * GIB },
    log,
    backends: [backend({})],
    unsentSpoolBytes: 0,
    trimBlockedMs: undefined,
    ...more,
  })
  const namesOf = (more: Partial<Sight>) =>
    conditionsOf(sight(more), undefined)
      .filter(({ firing }) => firing)
      .map(({ alert }) => alert)

  it.each<[string, Partial<Sight>, string[]]>([
    ['all is well', {}, []],
    ['the log is just below 70 % full', { log: { ...log, bytes: 69 } }, []],
    ['the log is 70 % full', { log: { ...log, bytes: 70 } }, ['log_full']],
    ['a log without a limit is never full', { log: { ...log, bytes: 70, maxBytes: -1 } }, []],
    ['a server does not follow since less than two minutes', { log: { ...log, behind: [{ ...n0, forMs: 119_000 }] } }, []],
    ['a server does not follow for longer', { log: { ...log, behind: [{ ...n0, forMs: 120_000 }] } }, ['follower_behind']],
    ['a large disk has more than 10 GiB free', { disk: { totalBytes: 1_000 * GIB, freeBytes: 11 * GIB } }, []],
    ['a large disk has less', { disk: { totalBytes: 1_000 * GIB, freeBytes: 9 * GIB } }, ['disk_low']],
    ['a small disk has a tenth free', { disk: { totalBytes: 20 * GIB, freeBytes: 2 * GIB } }, []],
    ['a small disk has less', { disk: { totalBytes: 20 * GIB, freeBytes: 1.9 * GIB } }, ['disk_low']],
    ['a lag of a minute', { backends: [backend({ lagSeconds: 60 })] }, []],
    ['a longer one', { backends: [backend({ lagSeconds: 61 })] }, ['writer_lag json']],
    [
      'an owner is still for less than half a minute',
      { backends: [backend({ owners: [{ ...owner, stillMs: 29_000, locked: true }] })] },
      [],
    ],
    ['for longer', { backends: [backend({ owners: [{ ...owner, stillMs: 30_000, locked: true }] })] }, ['owner_stale json']],
    ['it cannot be seen whether it is held', { backends: [backend({ owners: [{ ...owner, stillMs: 30_000 }] })] }, []],
  ])('%s', (_, more, alerts) => {
    expect(namesOf(more)).toEqual(alerts)
  })

  it('leaves open what hangs on the log while that is away, and still tells of the disk and of damaged checkpoints', () => {
    const away = sight({
      log: undefined,
      unsentSpoolBytes: undefined,
      disk: { totalBytes: 20 * GIB, freeBytes: 0 },
      backends: [
        backend({ owners: [{ ...owner, problem: 'IBS_STORAGE_CHECKPOINT_DAMAGED', stillMs: 90_000, locked: true }], lagSeconds: 90 }),
      ],
    })
    const states = Object.fromEntries(conditionsOf(away, undefined).map(({ alert, firing }) => [alert, firing]))
    expect(states).toEqual({
      log_away: true,
      disk_low: true,
      log_full: undefined,
      follower_behind: undefined,
      trim_blocked: undefined,
      spool_unsent: undefined,
      'writer_lag json': undefined,
      'owner_stale json': undefined,
      'no_owner json': undefined,
      'checkpoint json': true,
      'log_behind json': undefined,
    })
  })
})
