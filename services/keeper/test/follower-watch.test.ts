import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, readLog } from '@ib-stream/bus'
import { describe, expect, it } from '@jest/globals'
import { Cluster } from '../../../test/cluster/cluster.ts'
import { Load } from '../../../test/cluster/load.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { LIMITS } from '../src/conditions.ts'
import { FollowerWatch } from '../src/follower-watch.ts'
import { Keeper } from '../src/keeper.ts'

const never = new AbortController().signal
const SLOW_MS = 60_000
const n0 = { server: 'n0', follows: true, lagMessages: 0 }
const n1 = { server: 'n1', follows: false, lagMessages: 4_361 }

describe('FollowerWatch', () => {
  it('counts from the first look that found a server behind, and anew once it followed', () => {
    const watch = new FollowerWatch()
    expect(watch.look([n0, n1], 1_000)).toEqual([{ server: 'n1', lagMessages: 4_361, forMs: 0 }])
    expect(watch.look([n0, { ...n1, lagMessages: 5_000 }], 61_000)).toEqual([{ server: 'n1', lagMessages: 5_000, forMs: 60_000 }])
    expect(watch.look([n0, { ...n1, follows: true }], 62_000)).toEqual([])
    expect(watch.look([{ ...n0, follows: false }, n1], 63_000).map(({ forMs }) => forMs)).toEqual([0, 0])
  })
})

describe('three real servers', () => {
  it('are told of by name while one of them is away, and no more when it follows again', async () => {
    await using cluster = await Cluster.start()
    await using load = await Load.start(cluster)
    const { bus } = load
    await waitFor('all follow', async () => (await followers(bus)).filter(({ follows }) => follows).length === 2, SLOW_MS)
    await using keeping = await openKeeper(bus)
    const alert = async () => {
      await keeping.keeper.look(never)
      return keeping.keeper.firing.find(({ alert }) => alert === 'follower_behind')?.summary
    }
    expect(await alert()).toBeUndefined()

    const [away = ''] = (await followers(bus)).map(({ server }) => server)
    await cluster.server(away).kill()
    const told = await waitFor('it is told', async () => (await alert()) ?? false, SLOW_MS)
    expect(told).toMatch(new RegExp(`^the log is not kept by ${away} \\(\\d+ messages behind\\):`))
    cluster.server(away).start()
    const isOver = async () => (await alert()) === undefined
    await waitFor('it is over', isOver, SLOW_MS / 2).catch(async () => {
      await cluster.restart(away)
      await waitFor('it is over, started anew', isOver, SLOW_MS)
    })
  }, 180_000)
})

const followers = async (bus: Bus) => (await readLog(bus.manager).catch(() => undefined))?.followers ?? []

async function openKeeper(bus: Bus): Promise<{ keeper: Keeper } & AsyncDisposable> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-keeper-'))
  await mkdir(join(dataDir, '.state'))
  const keeper = await Keeper.open({
    ...{ bus, dataDir, backends: [], logMaxBytes: 2 ** 24, keepMs: 0, everyMs: 50, limits: { ...LIMITS, followerMs: 1_000 } },
    onAlert: () => {},
    onTrouble: () => {},
  })
  return { keeper, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) }
}
