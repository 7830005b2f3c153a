import { askForStream, keepLease } from '@ib-stream/bus'
import type { LeaseAnswer, TickType } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { IngestBench } from '../ingest-bench.ts'

const AAPL = 265598
const IBM = 8314
/** Nothing but what is asked for. */
const NOTHING = { IB_STREAM_TRACKED_CONTRACTS: `${IBM}:IBM:bid_ask` }

const fiveTimesAsFast = (ms: number, work: () => void) => {
  const timer = setTimeout(work, ms / 5)
  return { cancel: () => clearTimeout(timer) }
}

/** On a busy machine the first answer may be that IB has not said anything yet; who asks again hears what became of it. */
const answerThat = (is: (answer: LeaseAnswer) => boolean, bench: IngestBench, cid: number, tt: TickType): Promise<LeaseAnswer> =>
  waitFor('the answer', async () => {
    const answer = await askForStream(bench.bus, { cid, tt })
    return is(answer) && answer
  })
const isSubscribed = (answer: LeaseAnswer) => answer.ok && answer.state === 'subscribed'
const isRefused = (answer: LeaseAnswer) => !answer.ok

describe('streams on request', () => {
  it('records a stream for as long as one of several wants it, by one request to IB', async () => {
    await using bench = await IngestBench.open({ env: NOTHING, clock: { start: '2026-11-24T15:00:00Z', rate: 5 } })
    await bench.ticks(IBM, 'bid_ask')
    const leases = [1, 2].map(() => keepLease({ bus: bench.bus, cid: AAPL, tt: 'bid_ask', after: fiveTimesAsFast }))
    for (const lease of leases) expect(await lease.first).toMatchObject({ ok: true, cid: AAPL, tt: 'bid_ask' })
    await bench.ticks(AAPL, 'bid_ask')
    expect(bench.sim.stats().subscriptions).toBe(2)
    await leases[0]?.close()
    await bench.ticks(AAPL, 'bid_ask')
    await leases[1]?.close()
    await waitFor('it ends after it lingered', () => bench.stream(AAPL, 'bid_ask') === undefined)
    await waitFor('the gateway is told', () => bench.sim.stats().subscriptions === 1)
    const states = await waitFor('both events', async () => {
      const found = (await bench.events('subscription')).filter(({ cid }) => cid === AAPL).map(({ state }) => state)
      return found.length > 1 && found
    })
    expect(states).toEqual(['subscribed', 'ended'])
  })

  it('ends a stream that nobody renews, 30 s of the clock after it was asked for', async () => {
    await using bench = await IngestBench.open({ env: NOTHING, clock: { start: '2026-11-24T15:00:00Z', rate: 10 } })
    await bench.ticks(IBM, 'bid_ask')
    const answer = await answerThat(isSubscribed, bench, AAPL, 'last')
    const untilUs = answer.ok ? answer.untilUs : 0
    await waitFor('the gateway has the request', () => bench.sim.stats().subscriptions === 2)
    await waitFor('it ends', () => bench.stream(AAPL, 'last') === undefined) // a connection made anew on a busy machine ends requests too
    await waitFor('the gateway is told', () => bench.sim.stats().subscriptions === 1)
    expect(Date.parse(bench.sim.stats().clock) * 1_000).toBeGreaterThanOrEqual(untilUs)
  })

  it('says who has the lines when none is left, and gives the first that gets free to who still waits', async () => {
    await using bench = await IngestBench.open({ env: { ...NOTHING, IB_STREAM_LINES: '2' } })
    await bench.ticks(IBM, 'bid_ask')
    await using first = keepLease({ bus: bench.bus, cid: AAPL, tt: 'bid_ask' })
    expect(await first.first).toMatchObject({ ok: true })
    const second = await askForStream(bench.bus, { cid: AAPL, tt: 'last' }, { holder: 'second' })
    expect(second).toMatchObject({
      ok: false,
      code: 'IBS_INGEST_NO_LINE',
      message: expect.stringContaining('2 are taken: IBM bid_ask, 265598 bid_ask (asked for)'),
      lines: [
        { cid: IBM, tt: 'bid_ask', symbol: 'IBM', tracked: true },
        { cid: AAPL, tt: 'bid_ask', symbol: '265598', tracked: false },
      ],
    })
    await first.close() // it would linger, but its line is wanted
    await bench.ticks(AAPL, 'last')
    expect(bench.stream(AAPL, 'bid_ask')?.state).toBe('no_line')
  })

  it('says in words what IB refuses, and what to do', async () => {
    await using bench = await IngestBench.open({ env: NOTHING })
    await bench.ticks(IBM, 'bid_ask')
    expect(await answerThat(isRefused, bench, 999_999_999, 'last')).toMatchObject({
      ok: false,
      code: 'IBS_INGEST_STREAM_REFUSED',
      ibCode: 200,
      message: expect.stringMatching(/No security definition.*check the id/),
    })
    bench.sim.faults.order({ fault: 'deny', code: '10189', cid: AAPL })
    expect(await answerThat(isRefused, bench, AAPL, 'last')).toMatchObject({
      ok: false,
      ibCode: 10_189,
      message: expect.stringMatching(/No market data permissions.*subscribe to the live market data/),
    })
    bench.sim.faults.liftAll()
    bench.sim.faults.order({ fault: 'lines', lines: 1 })
    expect(await answerThat(isRefused, bench, AAPL, 'bid_ask')).toMatchObject({
      ok: false,
      ibCode: 10_190,
      message: expect.stringMatching(/Max number of tick-by-tick.*lower IB_STREAM_LINES/),
    })
  })

  it('takes a request while the gateway is away, and names what it waits for', async () => {
    await using bench = await IngestBench.open({ env: NOTHING })
    await bench.ticks(IBM, 'bid_ask')
    const refuse = bench.sim.faults.order({ fault: 'refuse', seconds: 0 })
    bench.sim.faults.order({ fault: 'cut' })
    await waitFor('the gateway is away', () => bench.part('gateway')?.ready === false)
    await using lease = keepLease({ bus: bench.bus, cid: AAPL, tt: 'last' })
    expect(await lease.first).toMatchObject({ ok: true, state: 'waiting', reason: 'the gateway is away' })
    bench.sim.faults.lift(refuse.id)
    await bench.ticks(AAPL, 'last')
  })

  it('goes on with a stream after a restart, with the time between as a gap, before it is renewed', async () => {
    await using bench = await IngestBench.open({ env: NOTHING })
    await bench.ticks(IBM, 'bid_ask')
    await askForStream(bench.bus, { cid: AAPL, tt: 'bid_ask' })
    await bench.ticks(AAPL, 'bid_ask')
    await bench.stop()
    bench.start()
    await bench.ticks(AAPL, 'bid_ask')
    const gaps = (await bench.events('gap')).filter(({ cid, epoch }) => cid === AAPL && epoch === 1)
    expect(gaps.at(-1)).toMatchObject({ cause: 'ingest_down' })
  })

  it('names what is wrong with a request', async () => {
    await using bench = await IngestBench.open({ env: NOTHING })
    await bench.ticks(IBM, 'bid_ask')
    for (const [subject = '', body, problem = ''] of [
      ['ib.subscribe.AAPL.last', '', '"AAPL" is no contract id'],
      ['ib.subscribe.265598.trades', '', '"trades" is none of'],
      ['ib.subscribe.265598.last', '{"holder":7}', 'the body is empty or'],
      ['ib.subscribe.265598.last', '{', 'the body is empty or'],
    ]) {
      const answer = (await bench.bus.connection.request(subject, body, { timeout: 5_000 })).json()
      expect(answer).toMatchObject({ ok: false, code: 'IBS_INGEST_LEASE_INVALID', message: expect.stringContaining(problem) })
    }
  })
})
