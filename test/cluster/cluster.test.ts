import { describe, expect, it } from '@jest/globals'
import type { PeerInfo } from '@nats-io/jetstream'
import { waitFor } from '../support/wait-for.ts'
import { Cluster } from './cluster.ts'
import { Load } from './load.ts'

/** The bound for a stall after a leader's death. */
const STALL_WITHIN_MS = 15_000
const BACK_WITHIN_MS = 100_000
const FOLLOWS_WITHIN_MS = 50_000
/** Under load a follower is some messages behind most of the time. */
const NEARLY = 500
/** Followers answer each second; one that was killed a moment ago still looks current. */
const HEARD_WITHIN_NS = 2_500_000_000

describe('three nats-servers that keep the log together, under load', () => {
  it('lose no acknowledged tick when the leader is killed, two are killed, one is cut off, and all are restarted in turn', async () => {
    await using cluster = await Cluster.start()
    await using load = await Load.start(cluster)
    await load.progress('at the start', BACK_WITHIN_MS)
    load.takeStallMs()

    const leader = await load.leader()
    await cluster.server(leader).kill()
    await load.progress('without the old leader', BACK_WITHIN_MS)
    expect(load.takeStallMs()).toBeLessThan(STALL_WITHIN_MS)
    cluster.server(leader).start()

    await allAreCurrent(load, cluster)
    const [first, second] = [await load.leader(), cluster.servers.map(({ name }) => name).find((name) => name !== leader) ?? '']
    const dead = first === second ? [first, leader] : [first, second]
    const saidBefore = load.events.length
    await Promise.all(dead.map((name) => cluster.server(name).kill()))
    await waitFor(
      'the publisher says that it is cut off',
      () => load.events.slice(saidBefore).some((event) => event.kind === 'state' && event.state === 'connecting'),
      BACK_WITHIN_MS,
    )
    for (const name of dead) cluster.server(name).start()
    await load.progress('with a quorum again', BACK_WITHIN_MS)

    await allAreCurrent(load, cluster)
    load.takeStallMs()
    const alone = load.server(cluster)
    cluster.isolate(alone)
    await load.progress('round the server that is cut off', BACK_WITHIN_MS)
    expect(load.takeStallMs()).toBeLessThan(STALL_WITHIN_MS)
    expect(load.server(cluster)).not.toBe(alone)
    expect(await load.leader()).not.toBe(alone)
    expect(await cluster.whatIsBelievedOf(alone)).toBe('nothing')
    cluster.heal(alone)

    for (const { name } of cluster.servers) {
      await allAreCurrent(load, cluster)
      await cluster.server(name).stop()
      cluster.server(name).start()
      await load.progress(`while ${name} restarts`, BACK_WITHIN_MS)
    }

    const numbers = await load.finish()
    expect(numbers).toEqual(Array.from({ length: load.added }, (_, i) => i + 1))
    expect(load.events.filter(({ kind }) => kind !== 'state')).toEqual([])
  }, 600_000)
})

/** Every server has all of the log, so that any one may go. One that does not follow for long is started anew, once. */
async function allAreCurrent(load: Load, cluster: Cluster): Promise<void> {
  const behind = async () => {
    const info = await load.bus.manager.streams.info('TICKS').catch(() => undefined)
    const others = info?.cluster?.replicas ?? []
    const keepsUp = ({ current, offline, lag = 0, active }: PeerInfo) => !offline && active < HEARD_WITHIN_NS && (current || lag < NEARLY)
    return others.length === 2 ? others.filter((other) => !keepsUp(other)).map(({ name }) => name) : undefined
  }
  const areCurrent = async () => (await behind())?.length === 0
  try {
    await waitFor('all three servers are current', areCurrent, FOLLOWS_WITHIN_MS)
  } catch {
    const deaf = (await behind()) ?? []
    for (const name of deaf) await cluster.restart(name)
    await waitFor(`all three servers are current, ${deaf} started anew`, areCurrent, BACK_WITHIN_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.describe()}`)
    })
  }
}
