import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, errors, type NatsConnection } from '@nats-io/transport-node'
import { connectBus } from '../../src/connection.ts'
import { BUS_USERS, type BusUser, inboxPrefix, repliesPrefix } from '../../src/security/bus-users.ts'
import { SecuredNats } from './secured-nats.ts'

type Who = BusUser | 'viewer'
const WRITERS = ['writer-json', 'writer-proto', 'writer-parquet'] as const
const READERS: Who[] = ['ingest', ...WRITERS, 'query-api', 'cli']

/** Each thing that can be done on the bus, and everybody who may: written down by hand, not taken from the code. */
const DOINGS: { what: string; publish?: string; subscribe?: string; who: readonly Who[] }[] = [
  { what: 'record a tick', publish: 'ticks.265598.last', who: ['ingest'] },
  { what: 'record a tick past the transform', publish: 'ticks.2.265598.last', who: [] },
  { what: 'record an event', publish: 'ib.events.gap', who: ['ingest'] },
  { what: 'report what is no tick', publish: 'ticks_invalid.0', who: ['ingest', ...WRITERS] },
  { what: 'say that something needs a person', publish: 'ib.ops.alert', who: ['ingest', 'keeper'] },
  { what: 'say how the publisher is', publish: 'ib.ops.publisher', who: ['ingest'] },
  { what: 'say that the log was cut', publish: 'ib.ops.log_gap', who: WRITERS },
  { what: 'make the log', publish: '$JS.API.STREAM.CREATE.TICKS', who: ['ingest'] },
  { what: 'make another stream', publish: '$JS.API.STREAM.CREATE.MINE', who: [] },
  { what: 'change the log', publish: '$JS.API.STREAM.UPDATE.TICKS', who: ['ingest', 'keeper'] },
  { what: 'change the events', publish: '$JS.API.STREAM.UPDATE.EVENTS', who: ['ingest'] },
  { what: 'trim the log', publish: '$JS.API.STREAM.PURGE.TICKS', who: ['ingest'] },
  { what: 'have the log trimmed', publish: 'ib.log.trim', who: ['keeper'] },
  { what: 'be asked to trim it', subscribe: 'ib.log.trim', who: ['ingest'] },
  { what: 'purge the events', publish: '$JS.API.STREAM.PURGE.EVENTS', who: [] },
  { what: 'remove the log', publish: '$JS.API.STREAM.DELETE.TICKS', who: [] },
  { what: 'remove a message', publish: '$JS.API.STREAM.MSG.DELETE.TICKS', who: [] },
  { what: 'remove an event', publish: '$JS.API.STREAM.MSG.DELETE.EVENTS', who: [] },
  { what: 'follow the log', publish: '$JS.API.CONSUMER.CREATE.TICKS.ibs-x.ticks.2.>', who: READERS },
  { what: 'pull from the log', publish: '$JS.API.CONSUMER.MSG.NEXT.TICKS.ibs-x', who: READERS },
  { what: 'look into the log', publish: '$JS.API.STREAM.MSG.GET.TICKS', who: [...READERS, 'keeper'] },
  { what: 'read the events', publish: '$JS.API.CONSUMER.CREATE.EVENTS.x', who: READERS },
  { what: 'read several kinds of event', publish: '$JS.API.CONSUMER.CREATE.EVENTS', who: READERS },
  { what: 'read what was no tick', publish: '$JS.API.CONSUMER.CREATE.INVALID.x', who: [] },
  { what: 'change what is recorded', publish: '$KV.tracked.AAPL', who: ['ingest', 'query-api', 'cli'] },
  { what: 'read what is recorded', publish: '$JS.API.DIRECT.GET.KV_tracked.$KV.tracked.AAPL', who: ['ingest', 'query-api', 'cli'] },
  { what: 'keep what a contract is', publish: '$KV.contracts.x', who: ['ingest'] },
  { what: 'list the streams', publish: '$JS.API.STREAM.NAMES', who: [] },
  { what: 'ask for a stream', publish: 'ib.subscribe.265598.last', who: ['query-api', 'cli'] },
  { what: 'ask for a contract', publish: 'ib.contracts.lookup', who: ['query-api', 'cli'] },
  { what: 'ask for a backfill', publish: 'ib.backfill', who: ['cli'] },
  { what: 'give work to an owner', publish: 'ib.admin.json.3', who: ['keeper', 'cli'] },
  { what: 'answer hours later', publish: 'ib.replies.cli.x', who: ['ingest', ...WRITERS] },
  { what: 'see who is there', publish: '$SRV.PING', who: ['cli'] },
  { what: 'ask how the recording is', publish: '$SRV.STATS.ingest', who: ['keeper', 'query-api', 'cli'] },
  { what: 'be asked for a stream', subscribe: 'ib.subscribe.*.*', who: ['ingest'] },
  { what: 'be asked for contracts', subscribe: 'ib.contracts.lookup', who: ['ingest'] },
  { what: 'be asked for a backfill', subscribe: 'ib.backfill', who: ['ingest'] },
  { what: 'own json', subscribe: 'ib.admin.json.events', who: ['writer-json'] },
  { what: 'own pb', subscribe: 'ib.admin.pb.3', who: ['writer-proto'] },
  { what: 'own parquet', subscribe: 'ib.admin.parquet.3', who: ['writer-parquet'] },
  { what: 'hear the ticks', subscribe: 'ticks.265598.>', who: ['viewer', 'cli'] },
  { what: 'hear the events', subscribe: 'ib.events.>', who: ['viewer', 'cli'] },
  { what: 'hear everything', subscribe: '>', who: [] },
  { what: 'hear what is put into buckets', subscribe: '$KV.>', who: [] },
  { what: 'hear all answers', subscribe: '_INBOX_*.>', who: [] },
  { what: 'hear plain answers', subscribe: '_INBOX.>', who: [] },
  ...BUS_USERS.flatMap((user) => [
    { what: `hear the answers to ${user}`, subscribe: `${inboxPrefix(user)}.x.y`, who: [user] },
    { what: `hear the late answers to ${user}`, subscribe: `${repliesPrefix(user)}.x`, who: [user] },
  ]),
  ...(['ingest', ...WRITERS, 'keeper'] as const).map((user) => ({
    what: `be found as ${user}`,
    subscribe: `$SRV.PING.${user}`,
    who: [user],
  })),
]

describe('the users of the bus', () => {
  let nats: SecuredNats
  const connections = new Map<Who, NatsConnection>()
  const denied = new Map<Who, Set<string>>()

  beforeAll(async () => {
    nats = await SecuredNats.start()
    for (const user of BUS_USERS) {
      const { connection } = await connectBus({
        url: nats.url,
        name: user,
        credentials: nats.credentials,
        signal: AbortSignal.timeout(60_000),
      })
      connections.set(user, connection)
    }
    connections.set('viewer', await connect({ servers: nats.url }))
    for (const [who, connection] of connections) {
      denied.set(who, new Set())
      void listen(connection, denied.get(who) ?? new Set())
    }
  }, 120_000)

  afterAll(async () => {
    for (const connection of connections.values()) await connection.close()
    await nats[Symbol.asyncDispose]()
  })

  it.each(DOINGS)('lets only those $what who should', async ({ publish, subscribe, who }) => {
    const may: Who[] = []
    for (const [user, connection] of connections) {
      const subject = publish ?? subscribe ?? ''
      if (publish !== undefined) connection.publish(publish, '{}')
      else connection.subscribe(subject, { max: 1, callback: () => undefined })
      await settled(connection)
      if (!denied.get(user)?.delete(subject)) may.push(user)
    }
    expect(may.toSorted()).toEqual([...who].toSorted())
  })

  it('lets a service answer whoever asks it, and nobody else write into an inbox', async () => {
    const [cli, ingest, api] = [connections.get('cli'), connections.get('ingest'), connections.get('query-api')]
    if (!cli || !ingest || !api) throw new Error('not connected')
    ingest.subscribe('ib.contracts.resolve', { callback: (_, message) => void message.respond('yes') })
    await ingest.flush()
    expect((await cli.request('ib.contracts.resolve', 'AAPL', { timeout: 5_000 })).string()).toBe('yes')
    expect((await api.request('ib.contracts.resolve', 'AAPL', { timeout: 5_000 })).string()).toBe('yes')
    for (const user of BUS_USERS) {
      const subject = `${inboxPrefix('query-api')}.made.up`
      connections.get(user)?.publish(subject, 'false answer')
      await settled(connections.get(user))
      expect([user, denied.get(user)?.delete(subject)]).toEqual([user, true])
    }
  })
})

/** A refusal comes before the answer to a flush, and is heard a turn later. */
async function settled(connection: NatsConnection | undefined): Promise<void> {
  await connection?.flush()
  await new Promise((resolve) => setImmediate(resolve))
}

async function listen(connection: NatsConnection, into: Set<string>): Promise<void> {
  for await (const status of connection.status())
    if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) into.add(status.error.subject)
}
