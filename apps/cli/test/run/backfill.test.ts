import { type Bus, connectBus } from '@ib-stream/bus'
import type { BackfillReply } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../../../../test/support/free-port.ts'
import { NatsServer } from '../../../../test/support/nats-server.ts'
import { runCli } from '../run-cli.ts'

let nats: NatsServer
let bus: Bus
const asked: unknown[] = []
let replies: BackfillReply[] = []

beforeAll(async () => {
  nats = await NatsServer.start()
  bus = await connectBus({ url: nats.url, name: 'ingest' })
})
afterAll(async () => {
  await bus.close()
  await nats[Symbol.asyncDispose]()
})

const range = ['--start', '2025-11-24T15:00:00Z', '--last', '1h']
const told = async (...args: string[]) => {
  const verb = runCli(['backfill', ...args, '--nats', nats.url])
  return { status: await verb.ended, out: verb.out, err: verb.err }
}

describe('backfill', () => {
  it('says that ingest does not answer', async () => {
    expect(await told('265598', ...range)).toEqual({
      status: 1,
      out: '',
      err: expect.stringContaining('IBS_BUS_NO_ANSWER: ingest does not answer'),
    })
  })

  it('asks for what the options say, and tells the end of each type', async () => {
    const requests = bus.connection.subscribe('ib.backfill', {
      callback: (_, message) => {
        asked.push(message.json())
        for (const reply of replies) message.respond(JSON.stringify(reply))
      },
    })
    await bus.connection.flush()
    const of = (tt: 'bid_ask' | 'last') => ({ ok: true, tt, pages: 3, share: 1 }) as const
    replies = [
      { ...of('last'), state: 'running', ticks: 1_000, share: 0.4 },
      { ...of('last'), state: 'filled', ticks: 2_345 },
      { ...of('bid_ask'), state: 'filled', ticks: 0 },
      { ok: true, state: 'end' },
    ]
    expect(await told('265598', ...range)).toEqual({
      status: 0,
      out: 'last filled, 2,345 ticks in 3 pages\nbid_ask filled, 0 ticks in 3 pages\n',
      err: '',
    })
    expect(asked).toEqual([{ cid: 265598, tts: ['bid_ask', 'last'], startUs: 1_763_996_400_000_000, endUs: 1_764_000_000_000_000 }])
    replies = [
      { ...of('last'), state: 'unavailable', ticks: 0, reason: 'No market data permissions' },
      { ok: true, state: 'end' },
    ]
    expect(await told('265598', ...range)).toMatchObject({
      status: 1,
      out: 'last unavailable, 0 ticks in 3 pages: No market data permissions\n',
    })
    expect(
      (await told('265598', ...range, '--json')).out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(replies)
    requests.unsubscribe()
  })

  it.each([
    [['265598'], '--start or --last is needed'],
    [['265598', ...range, '-t', 'trades'], '--types trades: tick types from'],
    [['265598', '--start', '2025-11-24T15:00:00Z', '--end', '2025-11-24T14:00:00Z'], 'an end after the start'],
  ])('says what is wrong with %j', async (args, message) => {
    expect(await told(...args)).toEqual({ status: 2, out: '', err: expect.stringContaining(message) })
  })

  it('says that there is no NATS', async () => {
    const verb = runCli(['backfill', '265598', ...range, '--nats', `nats://127.0.0.1:${await freePort()}`])
    expect([await verb.ended, verb.err]).toEqual([2, expect.stringContaining('IBS_CLI_NATS_AWAY: no NATS answers')])
  }, 20_000)
})
