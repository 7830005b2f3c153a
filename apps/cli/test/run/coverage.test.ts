import { rm } from 'node:fs/promises'
import { connectBus } from '@ib-stream/bus'
import type { Contract, GapEvent, RecorderEvent, TickType } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../../../../test/support/free-port.ts'
import { NatsServer } from '../../../../test/support/nats-server.ts'
import { runCli } from '../run-cli.ts'
import { ledgerFiles } from './ledger-files.ts'

/** Monday and Tuesday in New York, 04:00–20:00, regular 09:30–16:00. */
const us = (text: string) => Date.parse(text) * 1_000
const CONTRACT: Contract = {
  cid: 265598,
  symbol: 'AAPL',
  secType: 'STK',
  exchange: 'SMART',
  currency: 'USD',
  timeZoneId: 'US/Eastern',
  tradingHours: '20251124:0400-20251124:2000;20251125:0400-20251125:2000',
  liquidHours: '20251124:0930-20251124:1600;20251125:0930-20251125:1600',
  askedUs: 0,
}
const head = (st: string, tt: TickType) => ({ st: us(st), epoch: 1, cid: CONTRACT.cid, tt })
const subscribed = (st: string, tt: TickType): RecorderEvent => ({ kind: 'subscription', ...head(st, tt), rid: 1, state: 'subscribed' })
const gap = (from: string, to: string, more: Partial<GapEvent> = {}): GapEvent => ({
  kind: 'gap',
  ...head(to, 'last'),
  fromUs: us(from),
  toUs: us(to),
  cause: 'disconnected',
  reason: 'the gateway closed the connection',
  ...more,
})
const filled = gap('2025-11-24T12:00:00-05:00', '2025-11-24T13:00:00-05:00')
const open = gap('2025-11-24T15:00:00-05:00', '2025-11-24T17:00:00-05:00', { cause: 'connectivity_lost', code: 1100 })
const EVENTS: RecorderEvent[] = [
  subscribed('2025-11-24T04:00:00-05:00', 'last'),
  subscribed('2025-11-24T04:00:00-05:00', 'bid_ask'),
  filled,
  {
    kind: 'backfill',
    ...head('2025-11-24T13:01:00-05:00', 'last'),
    gapFromUs: filled.fromUs,
    gapToUs: filled.toUs,
    state: 'filled',
    ticks: 1_234,
    pages: 2,
  },
  open,
]

let dataDir = ''
beforeAll(async () => {
  dataDir = await ledgerFiles(EVENTS, us('2025-11-25T12:00:00-05:00'))
})
afterAll(() => rm(dataDir, { recursive: true }))

async function told(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const verb = runCli([...args, '--data-dir', dataDir])
  return { status: await verb.ended, out: verb.out, err: verb.err }
}

const linesOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('gaps', () => {
  it('tells each gap, its cause and whether it was filled', async () => {
    const { status, out } = await told('gaps')
    expect(status).toBe(0)
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['from (UTC)', 'length', 'contract', 'type', 'cause', 'filled', 'reason'],
      ['2025-11-24T17:00:00', '1h 00m', '265598', 'last', 'disconnected', 'yes, 1234 ticks', 'the gateway closed the connection'],
      ['2025-11-24T20:00:00', '2h 00m', '265598', 'last', 'connectivity_lost', 'not yet', 'the gateway closed the connection (1100)'],
      [''],
    ])
  })

  it('as JSON, of a range, and only what is not filled', async () => {
    const { out } = await told('gaps', '265598', '--json', '--unfilled')
    expect(linesOf(out)).toEqual([
      { cid: 265598, tt: 'last', fromUs: open.fromUs, untilUs: open.toUs, open: false, cause: open.cause, code: 1100, reason: open.reason },
    ])
    expect((await told('gaps', '--end', '2025-11-24T17:30:00Z', '--json')).out.split('\n')).toHaveLength(2)
    expect((await told('gaps', '-t', 'bid_ask')).out).toBe('no gaps\n')
  })

  it.each([
    [['gaps', '--start', 'yesterday'], 'IBS_CLI_OPTION_INVALID: --start yesterday: ISO 8601'],
    [['coverage', '-t', 'trades'], 'IBS_CLI_OPTION_INVALID: --types trades: tick types from bid_ask'],
    [['coverage', '--hours', 'liquid'], 'IBS_CLI_OPTION_INVALID: --hours liquid: one of regular, full, always'],
  ])('says what is wrong with %j', async (args, message) => {
    expect(await told(...args)).toEqual({ status: 2, out: '', err: expect.stringContaining(message) })
  })

  it('says that there is no recording', async () => {
    const verb = runCli(['gaps', '--data-dir', '/tmp/ibs-no-such-recording'])
    expect([await verb.ended, verb.err]).toEqual([2, expect.stringContaining('IBS_CLI_NOTHING_RECORDED')])
  })
})

describe('coverage', () => {
  it('is by contract, type and session, with the hours that ingest has from IB', async () => {
    await using nats = await NatsServer.start()
    await using bus = await connectBus({ url: nats.url, name: 'ingest' })
    bus.connection.subscribe('ib.contracts.lookup', {
      callback: (_, message) => void message.respond(JSON.stringify({ ok: true, contracts: [CONTRACT], cached: true, ageSeconds: 1 })),
    })
    await bus.connection.flush()
    const regular = linesOf((await told('coverage', '--hours', 'regular', '--json', '--nats', nats.url)).out)
    expect(regular.map(({ tt, session, share }) => [tt, session, share])).toEqual([
      ['bid_ask', '2025-11-24', 1],
      ['bid_ask', '2025-11-25', 1],
      ['bid_ask', 'all', 1],
      ['last', '2025-11-24', 5.5 / 6.5],
      ['last', '2025-11-25', 1],
      ['last', 'all', 8 / 9],
    ])
    const { out } = await told('coverage', '-t', 'last', '--nats', nats.url)
    expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['contract', 'symbol', 'type', 'session', 'time', 'missing', 'certain'],
      ['265598', 'AAPL', 'last', '2025-11-24', '16h 00m', '2h 00m', '87.50 %'],
      ['265598', 'AAPL', 'last', '2025-11-25', '8h 00m', '0.00s', '100.00 %'],
      ['265598', 'AAPL', 'last', 'all', '1d 00h', '2h 00m', '91.66 %'],
      [''],
    ])
  })

  it('counts every hour where nobody tells the hours, and says so', async () => {
    const { status, out, err } = await told('coverage', '-t', 'last', '--json', '--nats', `nats://127.0.0.1:${await freePort()}`)
    expect([status, err]).toEqual([0, expect.stringContaining('hours are not known, every hour counts: IBS_CLI_NATS_AWAY')])
    expect(linesOf(out)).toEqual([expect.objectContaining({ session: 'always', share: 30 / 32 })])
  })
})
