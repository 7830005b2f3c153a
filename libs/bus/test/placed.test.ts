import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { Cluster } from '../../../test/cluster/cluster.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { connectBus } from '../src/connection.ts'
import { ensureStream } from '../src/ensure-stream.ts'
import { isRefusal, placed } from '../src/placed.ts'
import { INVALID, invalidConfig } from '../src/stream-configs.ts'
import { createLog } from '../src/streams.ts'

const NO_PEERS = Object.assign(new Error('no suitable peers for placement'), { name: 'JetStreamApiError', code: 10_005, status: 400 })

/** Two servers that were started together are at times deaf to each other for minutes (see {@link Cluster}), and then are no majority of three: others are started. */
async function twoOfThree(): Promise<Cluster> {
  for (let tries = 1; ; tries++) {
    const cluster = await Cluster.startSome(2)
    try {
      await using bus = await connectBus({ url: cluster.url, name: 'placed', signal: AbortSignal.timeout(20_000) })
      await waitFor('the two have a leader', () => bus.manager.getAccountInfo().catch(() => undefined), 25_000)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      if (tries === 4) throw error
    }
  }
}

describe('a stream of three copies', () => {
  it('is made when all three servers of a cluster are there, although it was asked for when two were; one that has a copy gets the others, with what it holds', async () => {
    await using cluster = await twoOfThree()
    await using bus = await connectBus({ url: cluster.url, name: 'placed', signal: AbortSignal.timeout(60_000) })
    const log = { firstSeq: 1, maxBytes: 2 ** 24, replicas: 3 }
    const owner = { spoolId: 'a', source: 'simulator' }
    const alone = await bus.manager.streams.add({ name: 'PROBE', num_replicas: 3 }).catch((error: unknown) => error)
    expect(alone).toMatchObject({ code: NO_PEERS.code }) // else the test proves nothing
    const made = createLog(bus.manager, owner, log)
    await sleep(1_000)
    cluster.servers[2]?.start()
    expect((await made).config.num_replicas).toBe(3)

    // Servers that were just started answer when they have a leader for it.
    const done = (what: string, work: () => Promise<unknown>) =>
      waitFor(
        what,
        () =>
          work().then(
            () => true,
            () => false,
          ),
        60_000,
      )
    const copies = () => waitFor('the server tells', () => bus.manager.streams.info(INVALID).catch(() => undefined), 60_000)
    await done('one copy, as an installation of one server leaves it', () => ensureStream(bus.manager, invalidConfig(1)))
    await done('it holds something', () => bus.jetstream.publish('ticks_invalid.1', 'kept', { msgID: 'kept' }))
    expect((await copies()).config.num_replicas).toBe(1)
    await done('three', () => ensureStream(bus.manager, invalidConfig(3)))
    await waitFor(
      'the others have it',
      async () => ((await copies()).cluster?.replicas ?? []).filter(({ current }) => current).length === 2,
      60_000,
    )
    expect(await copies()).toMatchObject({ config: { num_replicas: 3 }, state: { messages: 1 } })
    await done('fewer are no reason to take copies away', () => ensureStream(bus.manager, invalidConfig(1)))
    expect((await copies()).config.num_replicas).toBe(3)
  }, 240_000)
})

describe('placed', () => {
  it('tries again for want of peers only, and not for ever', async () => {
    let tries = 0
    const found = await placed(async () => {
      tries += 1
      if (tries < 3) throw NO_PEERS
      return 'made'
    })
    expect([found, tries]).toEqual(['made', 3])
    await expect(placed(() => Promise.reject(new Error('another')))).rejects.toThrow('another')
  })

  it('tells what a server decided from what it cannot do now', () => {
    const said = (code: number, status: number) => Object.assign(new Error(), { name: 'JetStreamApiError', code, status })
    expect(isRefusal(said(10_052, 500))).toBe(true)
    expect(isRefusal(said(10_008, 503))).toBe(false)
    expect(isRefusal(NO_PEERS)).toBe(false)
    expect(isRefusal(Object.assign(new Error('timeout'), { name: 'TimeoutError' }))).toBe(false)
  })
})
