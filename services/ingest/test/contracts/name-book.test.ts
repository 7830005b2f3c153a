import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveContract } from '@ib-stream/bus'
import type { Contract } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { describe, expect, it, jest } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { NameBook } from '../../src/contracts/name-book.ts'
import { StateFile } from '../../src/state-file.ts'
import { IngestBench } from '../ingest-bench.ts'

/** Its front has always the same id in the simulator, and from eight days before its end on that is the next one. */
const FRONT = 711280073
const MNQ_DECEMBER = 681487126
/** Eight days before the third Friday of December 2026, at midnight in Chicago. */
const ROLL_US = Date.parse('2026-12-10T06:00:00Z') * 1_000
const rolling = {
  env: { IB_STREAM_TRACKED_CONTRACTS: 'MNQ.front:bid_ask', IB_STREAM_ROLL_OVERLAP: '60s' },
  clock: { start: '2026-12-10T05:56:40Z', rate: 20 },
}

interface Subscription {
  cid: number
  st: number
  state: string
}

describe('contracts by name', () => {
  it('a front contract rolls by itself: both are recorded around it, the event names both', async () => {
    await using bench = await IngestBench.open(rolling)
    await bench.ticks(MNQ_DECEMBER, 'bid_ask')
    const [roll] = await waitFor('the roll', async () => {
      const rolls = await bench.events<{ name: string; from: number; to: number; lastTradeDate: string; st: number }>('roll')
      return rolls.length > 0 && rolls
    })
    expect(roll).toMatchObject({ name: 'MNQ.front', from: MNQ_DECEMBER, lastTradeDate: '20270319 08:30 US/Central' })
    expect((roll?.st ?? 0) - ROLL_US).toBeGreaterThanOrEqual(0)
    expect((roll?.st ?? 0) - ROLL_US).toBeLessThan(60_000_000)
    await bench.ticks(roll?.to ?? 0, 'bid_ask')
    await waitFor('the old one ends', () => bench.streams.length === 1)
    expect(bench.streams[0]).toMatchObject({ cid: roll?.to, symbol: 'MNQ.front (MNQH7)' })
    const seen = await waitFor('its end is in the log', async () => {
      const events = await bench.events<Subscription>('subscription')
      return events.some(({ state }) => state === 'ended') && events
    })
    expect(seen.map(({ cid, state }) => `${cid} ${state}`)).toEqual([
      `${MNQ_DECEMBER} subscribed`,
      `${roll?.to} subscribed`,
      `${MNQ_DECEMBER} ended`,
    ])
    expect(seen[1]?.st).toBeLessThan(ROLL_US)
    expect(seen[2]?.st).toBeGreaterThanOrEqual(ROLL_US + 60_000_000)
    expect(await resolved(bench, 'MNQ.front')).toEqual([roll?.to])
  })

  it('tells a roll that came while ingest was away, and records by what it knew while IB is away', async () => {
    await using bench = await IngestBench.open({ ...rolling, clock: { start: '2026-12-10T05:50:00Z', rate: 1 } })
    await bench.ticks(MNQ_DECEMBER, 'bid_ask')
    await bench.stop()
    const refuse = bench.sim.faults.order({ fault: 'refuse', seconds: 0 })
    bench.start({ CLOCK_START: `2026-12-10T06:05:00Z@${Date.now()}` })
    // The bucket of contracts still has the series, so the names are known before the gateway is there.
    const roll = await waitFor('the roll', () => bench.notes<{ to: number }>('roll')[0])
    bench.sim.faults.lift(refuse.id)
    await bench.ticks(roll.to, 'bid_ask')
  })

  it('warns of a contract that is named by its id and ends soon, and of a name that means nothing', async () => {
    const env = { IB_STREAM_TRACKED_CONTRACTS: `${MNQ_DECEMBER}:MNQ:bid_ask,NOSUCH:last,265598:AAPL:last` }
    await using bench = await IngestBench.open({ env, clock: { start: '2026-12-11T15:00:00Z', rate: 1 } })
    await bench.ticks(265598, 'last')
    const troubles = await waitFor('both', () => {
      const found = (bench.part('streams')?.troubles ?? []) as { name: string; text: string }[]
      return found.length === 2 && found
    })
    expect(troubles.map(({ text }) => text)).toEqual([
      '681487126 (MNQZ6) ends on 2026-12-18, in 7 days, and nothing comes after it: track MNQ.front, which moves on by itself',
      expect.stringContaining('IB knows no contract symbol NOSUCH'),
    ])
    expect(bench.log.filter(({ level }) => level === 'warn').map(({ facts }) => facts)).toEqual(expect.arrayContaining(troubles))
  })

  it('resolves names over the bus, and says what is ambiguous', async () => {
    const clock = { start: '2026-11-24T15:00:00Z', rate: 1 }
    await using bench = await IngestBench.open({ clock, env: { IB_STREAM_TRACKED_CONTRACTS: '8314:IBM:bid_ask' } })
    await bench.ticks(8314, 'bid_ask')
    const said = (name: string) => resolved(bench, name)
    expect(await said('aapl')).toEqual([265598])
    expect(await said('FUT MNQ CME 202612')).toEqual([FRONT])
    expect(await said('FUT MNQ')).toMatch(/^IBS_INGEST_NAME_AMBIGUOUS: /)
    expect(await said('FUT MNQ $')).toMatch(/^IBS_INGEST_QUERY_INVALID name: /)
    expect(await said('NOSUCH')).toMatch(/^IBS_INGEST_NO_CONTRACT: /)
  })
})

it('regression: a contract whose zone nobody knows ended ingest; it is recorded, with a warning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-names-'))
  const clock = openClock()
  const future: Contract = {
    cid: 5,
    symbol: 'X',
    secType: 'FUT',
    exchange: 'CME',
    currency: 'USD',
    timeZoneId: 'Mars/Olympus',
    tradingHours: '',
    liquidHours: '',
    lastTradeDate: '20991218 08:30 Mars/Olympus',
    askedUs: 0,
  }
  const told = new Map([
    [5, future],
    [6, { ...future, cid: 6, lastTradeDate: 'never' }],
  ])
  const names = new NameBook({
    clock,
    roll: { daysBefore: 8, overlapMs: 0 },
    file: new StateFile(join(folder, 'names.json')),
    lookUp: async ({ cid = 0 }) => ({ ok: true, contracts: [told.get(cid) ?? future], cached: false, ageSeconds: 0 }),
    onChange: () => undefined,
    onTrouble: () => undefined,
    onRoll: () => undefined,
  })
  names.want(['5', '6'])
  await waitFor('both are told', () => names.troubles.length > 0)
  expect(['5', '6'].map((name) => names.contractsOf(name)[0]?.cid)).toEqual([5, 6])
  expect(names.troubles).toEqual([{ name: '6', text: expect.stringContaining('ends, but "never", which IB tells of it, is no date') }])
  expect(await names.resolve('6')).toMatchObject({ ok: true, contracts: [{ cid: 6 }] })
  names.close()
  clock.close()
  await rm(folder, { recursive: true })
})

it("regression: while the system's clock was set back no name was looked up again that IB had not answered", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-names-'))
  jest.useFakeTimers()
  const set = { byMs: 0 }
  const clock = openClock({ ports: { wallMs: () => Date.now() + set.byMs, monotonicMs: () => performance.now() } })
  let asked = 0
  const names = new NameBook({
    clock,
    roll: { daysBefore: 8, overlapMs: 0 },
    file: new StateFile(join(folder, 'names.json')),
    lookUp: async () => {
      asked += 1
      return { ok: false, code: 'IBS_INGEST_GATEWAY_AWAY', message: 'a test' }
    },
    onChange: () => undefined,
    onTrouble: () => undefined,
    onRoll: () => undefined,
  })
  names.want(['AAPL'])
  clock.stampUs()
  set.byMs = -3_600_000
  await jest.advanceTimersByTimeAsync(300_000)
  expect(asked).toBeGreaterThanOrEqual(4)
  names.close()
  clock.close()
  jest.useRealTimers()
  await rm(folder, { recursive: true })
})

/** Ids of what a name means, or code, field and words of the refusal: a test that fails shows what it got. */
async function resolved(bench: IngestBench, name: string): Promise<number[] | string> {
  const answer = await resolveContract(bench.bus, name)
  if (answer.ok) return answer.contracts.map(({ cid }) => cid)
  const { code, field, message } = answer
  return `${[code, field].filter((part) => part !== undefined).join(' ')}: ${message}`
}
