import { readLog, TICKS } from '@ib-stream/bus'
import { type Backend, syncCheckpoints } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { LIMITS } from '../src/conditions.ts'
import { firstSeqSince } from '../src/log-age.ts'
import { trimLog } from '../src/trim-log.ts'
import { openWebhook } from '../src/webhook.ts'
import { KeeperBench, WebhookServer } from './support.ts'

const never = new AbortController().signal

describe('trimming, on a real log', () => {
  it('waits for every backend, then drops what all have, and leaves the numbers as they are', async () => {
    await using bench = await KeeperBench.open(200)
    const keeper = await bench.keeper()
    await bench.bring('json', 150)
    await keeper.look(never)
    expect(await bench.firstSeq()).toBe(1)
    expect(keeper.plan).toMatchObject({ do: 'blocked' })
    await bench.bring('pb', 120)
    await keeper.look(never)
    expect(await bench.firstSeq()).toBe(121)
    expect(keeper.lowest).toMatchObject({ backend: 'pb', seq: 120 })
    await Promise.all([bench.bring('json', 200), bench.bring('pb', 200)])
    await keeper.look(never)
    expect(await readLog(bench.bus.manager)).toMatchObject({ firstSeq: 200, lastSeq: 200 })
    await bench.publish(1)
    expect(await readLog(bench.bus.manager)).toMatchObject({ lastSeq: 201 })
    expect(keeper.purgedMessages).toBe(199)
  })

  it('counts what survives a power cut, not what readers see already', async () => {
    await using bench = await KeeperBench.open(200)
    await Promise.all([bench.bring('json', 120), bench.bring('pb', 120)])
    await Promise.all([bench.show('json', 180), bench.show('pb', 180)])
    await (await bench.keeper()).look(never)
    expect(await bench.firstSeq()).toBe(121)
  })

  it('keeps what is younger than IB_STREAM_LOG_KEEP', async () => {
    await using bench = await KeeperBench.open(100)
    await Promise.all([bench.bring('json', 100), bench.bring('pb', 100)])
    const keeper = await bench.keeper({ keepMs: 3_600_000 })
    await keeper.look(never)
    expect(await bench.firstSeq()).toBe(1)
    expect(keeper.plan).toEqual({ do: 'nothing' })
  })

  it('leaves the log as it is while no ingest runs to cut it, and says why', async () => {
    await using bench = await KeeperBench.open(100)
    await Promise.all([bench.bring('json', 100), bench.bring('pb', 100)])
    bench.stopTrimming()
    const keeper = await bench.keeper()
    await keeper.look(never)
    expect(keeper.plan).toEqual({ do: 'blocked', reason: expect.stringContaining('ingest does not answer') })
    expect(keeper.purgedMessages).toBe(0)
    expect(await bench.firstSeq()).toBe(1)
  })

  it('tells who has no Prometheus when the log has long not been trimmed, and when it is again', async () => {
    await using bench = await KeeperBench.open(100)
    await bench.bring('json', 100)
    const keeper = await bench.keeper({ limits: { ...LIMITS, trimBlockedMs: 0 } })
    const told = async () => {
      for (let look = 0; look < 3; look++) await keeper.look(never)
      return bench.said.filter(({ alert }) => alert === 'trim_blocked').map(({ state, summary }) => [state, summary])
    }
    const why = expect.stringMatching(/not trimmed.*partition \d+ of pb has no durable checkpoint yet; start writer/)
    expect(await told()).toEqual([['firing', why]])
    await bench.bring('pb', 100)
    expect(await told()).toEqual([
      ['firing', why],
      ['resolved', 'the log is trimmed'],
    ])
    await using patient = await KeeperBench.open(10)
    const waiting = await patient.keeper()
    for (let look = 0; look < 3; look++) await waiting.look(never)
    expect(waiting.plan).toMatchObject({ do: 'blocked' })
    expect(patient.said.filter(({ alert }) => alert === 'trim_blocked')).toEqual([])
  })

  it('finds the first message of a time', async () => {
    await using bench = await KeeperBench.open(50)
    const boundary = await waitFor('the clock moves on', () => (Date.now() % 5 === 0 ? Date.now() + 5 : undefined))
    await waitFor('the boundary is passed', () => Date.now() > boundary)
    await bench.publish(30)
    const log = await readLog(bench.bus.manager)
    if (!log) throw new Error('no log')
    expect(await firstSeqSince(bench.bus.manager, log, boundary)).toBe(51)
    expect(await firstSeqSince(bench.bus.manager, log, 0)).toBe(1)
    expect(await firstSeqSince(bench.bus.manager, log, Date.now() + 60_000)).toBe(81)
  })

  it('syncs the folders of the checkpoints after reading them and before it drops anything', async () => {
    await using bench = await KeeperBench.open(100)
    await Promise.all([bench.bring('json', 90), bench.bring('pb', 90)])
    const log = await readLog(bench.bus.manager)
    if (!log) throw new Error('no log')
    const seen: unknown[] = []
    const sync = async (dataDir: string, backend: Backend) => {
      seen.push([backend, await bench.firstSeq()])
      // What is written now was not read, so it must not count.
      if (backend === 'json') await Promise.all([bench.bring('json', 100), bench.bring('pb', 100)])
      await syncCheckpoints(dataDir, backend)
    }
    const options = { bus: bench.bus, dataDir: bench.dataDir, backends: ['json', 'pb'] as const, keepMs: 0, sync }
    await trimLog(options, { ...log, spoolId: log.owner.spoolId })
    expect(seen).toEqual([
      ['json', 1],
      ['pb', 1],
    ])
    expect(await bench.firstSeq()).toBe(91)
  })

  it('gives the log its limit, but never one below what it holds', async () => {
    await using bench = await KeeperBench.open(100)
    const maxBytes = async () => (await bench.bus.manager.streams.info(TICKS)).config.max_bytes
    await (await bench.keeper({ logMaxBytes: 2 ** 27 })).look(never)
    expect(await maxBytes()).toBe(2 ** 27)
    await (await bench.keeper({ logMaxBytes: 100 })).look(never)
    expect(await maxBytes()).toBe(2 ** 27)
  })
})

describe('alerts', () => {
  it('tells the webhook, the log and EVENTS once that nobody writes, and once that it is over', async () => {
    await using bench = await KeeperBench.open(100)
    await using hook = await WebhookServer.start()
    hook.status = 500
    const webhook = openWebhook(hook.url, { instance: 'test', source: 'simulator' })
    const keeper = await bench.keeper({ backends: ['json'], webhook, limits: { ...LIMITS, stillMs: 200 } })
    const stop = new AbortController()
    const running = keeper.run(stop.signal).catch(() => undefined)
    await waitFor('it is tried', () => keeper.webhookFailures > 2)
    hook.status = 200
    await waitFor('it is told', () => hook.posts.length === 1)
    expect(hook.posts[0]).toMatchObject({ alert: 'no_owner json', state: 'firing', instance: 'test' })
    expect(hook.posts[0]?.text).toMatch(/ALERT no_owner json: nobody writes partitions 0,1,2.*start its writer/)
    await bench.bring('json', 100)
    await waitFor('its end is told', () => hook.posts.length === 2)
    expect(hook.posts[1]).toMatchObject({ alert: 'no_owner json', state: 'resolved' })
    expect(bench.said.map(({ alert, state }) => `${alert} ${state}`)).toEqual(['no_owner json firing', 'no_owner json resolved'])
    const request = { seq: 1, next_by_subj: 'ib.ops.alert' }
    const event = await waitFor('the event', () => bench.bus.manager.streams.getMessage('EVENTS', request).catch(() => undefined))
    expect(event?.json()).toMatchObject({ kind: 'alert', service: 'keeper', alert: 'no_owner json', state: 'firing' })
    stop.abort(new Error('test ends'))
    await running
  }, 40_000)

  it('says that the log is 70 % full, and what keeps it from being trimmed', async () => {
    await using bench = await KeeperBench.open(200)
    const bytes = (await readLog(bench.bus.manager))?.bytes ?? 0
    const keeper = await bench.keeper({ logMaxBytes: Math.ceil(bytes / 0.75) })
    for (const _ of [1, 2]) await keeper.look(never)
    expect(keeper.firing.find(({ alert }) => alert === 'log_full')?.summary).toMatch(
      /75 % full; it is not trimmed: partition 0 of json has no durable/,
    )
  })

  it('says that the log is away, and keeps what it knows of the rest', async () => {
    await using bench = await KeeperBench.open(1)
    const keeper = await bench.keeper()
    await bench.nats.program.kill()
    await waitFor('the bus is away', () => bench.bus.state === 'disconnected')
    const stop = new AbortController()
    for (const _ of [1, 2]) await keeper.look(stop.signal)
    expect(keeper.firing.map(({ alert }) => alert)).toEqual(['log_away'])
    stop.abort() // what it has to say would wait for the bus for ever
    bench.nats.program.start() // the bench closes its publisher, which says good-bye to the server
  })
})

describe('the keeper as a process', () => {
  it('is one at a time: a second waits, and takes over when the first is killed', async () => {
    await using bench = await KeeperBench.open(50)
    await Promise.all([bench.bring('json', 50), bench.bring('pb', 50)])
    const env = {
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      IB_HOST: '',
      IB_STREAM_BACKENDS: 'json,pb',
      IB_STREAM_LOG_KEEP: '0s',
      KEEPER_EVERY_MS: '100',
      HEALTH_PORT: '0',
    }
    const start = () => nodeProgram('keeper', 'services/keeper/src/main.ts', env).start()
    const health = async (program: ReturnType<typeof start>) => {
      const { healthPort } = await program.logged('its start', ({ msg }) => msg === 'started')
      const page = (await (await fetch(`http://127.0.0.1:${healthPort}/health`)).json()) as { parts: { keeper: { state: string } } }
      return page.parts.keeper.state
    }
    await using first = start()
    await waitFor('it trims', async () => (await bench.firstSeq()) === 50)
    await using second = start()
    expect(await health(second)).toBe('standby')
    await first.kill()
    await waitFor('the second keeps', async () => (await health(second)) === 'keeping')
    expect(await second.stop()).toBe(0)
  }, 40_000)

  it('says over the bus how far every backend is and what holds the log back', async () => {
    await using bench = await KeeperBench.open(50)
    await Promise.all([bench.bring('json', 50), bench.bring('pb', 20)])
    const env = {
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      IB_HOST: '',
      IB_STREAM_BACKENDS: 'json,pb',
      IB_STREAM_LOG_KEEP: '0s',
      KEEPER_EVERY_MS: '100',
      HEALTH_PORT: '0',
    }
    await using keeper = nodeProgram('keeper', 'services/keeper/src/main.ts', env).start()
    const stats = async () => {
      const answer = await bench.bus.connection.request('$SRV.STATS.keeper', '', { timeout: 1_000 }).catch(() => undefined)
      return answer?.json<{ endpoints: { data: { state: string; log?: { firstSeq: number } } }[] }>().endpoints[0]?.data
    }
    const seen = await waitFor('it has trimmed', async () => {
      const data = await stats()
      return data?.log?.firstSeq === 21 && data
    })
    expect(seen).toMatchObject({
      state: 'keeping',
      log: { firstSeq: 21, lastSeq: 50 },
      heldBackBy: { backend: 'pb', seq: 20 },
      backends: [
        { backend: 'json', lagMessages: 0, lagSeconds: 0 },
        { backend: 'pb', lagMessages: 30, lagSeconds: expect.any(Number) },
      ],
    })
    const info = (await bench.bus.connection.request('$SRV.INFO.keeper')).json<{ metadata: { owner: string } }>()
    expect(info.metadata.owner).toMatch(new RegExp(`:${keeper.pid}$`))
  }, 40_000)
})
