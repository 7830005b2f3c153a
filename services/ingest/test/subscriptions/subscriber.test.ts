import { hash31, type TickType } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'
import type { RequestGuard } from '../../src/subscriptions/request-guard.ts'
import { Subscriber, type TickSession } from '../../src/subscriptions/subscriber.ts'

const stream = (cid: number, tt: TickType, tracked = true): DesiredStream => ({ cid, tt, rid: hash31(cid, tt), tracked, symbol: `C${cid}` })

/** The gateway's side: what is subscribed there; a second request for a live one is what must never happen. */
class Gateway implements TickSession {
  readonly live = new Set<number>()
  readonly requests: string[] = []
  unknown = new Set<number>()

  async contract(cid: number) {
    if (this.unknown.has(cid)) throw Object.assign(new Error('No security definition has been found for the request'), { code: 200 })
    return { conId: cid }
  }
  subscribe(rid: number, _contract: object, tt: TickType): void {
    if (this.live.has(rid)) throw new Error(`${rid} is subscribed already`)
    this.live.add(rid)
    this.requests.push(tt)
  }
  unsubscribe(rid: number): void {
    this.live.delete(rid)
  }
}

describe('Subscriber', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  const start = (lines = 5, guardMs = 0) => {
    const asked = new Map<number, number>()
    const guard = {
      waitMs: (rid: number) => Math.max(0, (asked.get(rid) ?? -1e12) - performance.now() + guardMs),
      asked: (rid: number) => void asked.set(rid, performance.now()),
    } as RequestGuard
    const said: string[] = []
    const subscriber = new Subscriber({
      lines,
      clock: openClock({ ports: { wallMs: () => Date.now(), monotonicMs: () => performance.now() } }),
      guard,
      onSubscribed: ({ cid, tt }) => said.push(`subscribed ${cid} ${tt}`),
      onRefused: ({ cid, tt }, { kind }) => said.push(`refused ${cid} ${tt}: ${kind}`),
      onEnded: ({ cid, tt }) => said.push(`ended ${cid} ${tt}`),
    })
    return { subscriber, said }
  }
  const settle = () => jest.advanceTimersByTimeAsync(0)

  it('asks for everything anew in each session', async () => {
    const { subscriber } = start()
    subscriber.desire([stream(1, 'bid_ask'), stream(1, 'last')])
    for (const gateway of [new Gateway(), new Gateway()]) {
      subscriber.begin(gateway)
      await settle()
      expect(gateway.requests).toEqual(['bid_ask', 'last'])
      subscriber.leave()
    }
    expect(subscriber.stateOf(hash31(1, 'last'))).toMatchObject({ state: 'waiting', reason: 'the gateway is away' })
  })

  it('takes the line of a lease for a tracked stream that comes later, and gives it back', async () => {
    const { subscriber, said } = start(1)
    const gateway = new Gateway()
    subscriber.begin(gateway)
    subscriber.desire([stream(9, 'last', false)])
    await settle()
    subscriber.desire([stream(9, 'last', false), stream(1, 'last')])
    await settle()
    expect([...gateway.live]).toEqual([hash31(1, 'last')])
    expect(subscriber.stateOf(hash31(9, 'last'))).toMatchObject({ state: 'no_line' })
    subscriber.desire([stream(9, 'last', false)])
    await settle()
    expect([...gateway.live]).toEqual([hash31(9, 'last')])
    expect(said).toEqual(['subscribed 9 last', 'ended 9 last', 'subscribed 1 last', 'ended 1 last', 'subscribed 9 last'])
  })

  it('asks again after a refusal, not before its time', async () => {
    const { subscriber, said } = start()
    const gateway = new Gateway()
    gateway.unknown.add(1)
    subscriber.begin(gateway)
    subscriber.desire([stream(1, 'last'), stream(2, 'last')])
    await settle()
    expect(said.toSorted()).toEqual(['refused 1 last: no_contract', 'subscribed 2 last'])
    gateway.live.delete(hash31(2, 'last'))
    expect(subscriber.refuse(hash31(2, 'last'), 10_197, 'No market data during competing live session')).toBe(true)
    await jest.advanceTimersByTimeAsync(59_000)
    expect([...gateway.live]).toEqual([])
    await jest.advanceTimersByTimeAsync(1_100)
    expect([...gateway.live]).toEqual([hash31(2, 'last')])
    expect(subscriber.refuse(4711, 200, 'whose?')).toBe(false)
  })

  it('waits for the 15-second rule before it asks a stream again', async () => {
    const { subscriber } = start(5, 16_000)
    const gateway = new Gateway()
    subscriber.begin(gateway)
    subscriber.desire([stream(1, 'last')])
    await settle()
    subscriber.restart(hash31(1, 'last'), 'stale')
    await settle()
    expect(gateway.live.size).toBe(0)
    await jest.advanceTimersByTimeAsync(15_900)
    expect(gateway.live.size).toBe(0)
    await jest.advanceTimersByTimeAsync(200)
    expect(gateway.live.size).toBe(1)
  })

  it('property: never two requests for one stream, never more than the lines, and in the end what is wanted', async () => {
    const streams = [1, 2, 3].flatMap((cid) => [stream(cid, 'bid_ask'), stream(cid, 'last', false)])
    const deed = fc.oneof(
      fc.record({ do: fc.constant('desire' as const), what: fc.subarray(streams) }),
      fc.record({ do: fc.constantFrom('begin' as const, 'leave' as const, 'wait' as const, 'settle' as const) }),
      fc.record({ do: fc.constantFrom('refuse' as const, 'restart' as const), which: fc.constantFrom(...streams) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 30 }), async (deeds) => {
        const { subscriber } = start(3, 16_000)
        let gateway: Gateway | undefined
        let wanted: readonly DesiredStream[] = []
        for (const step of deeds) {
          if (step.do === 'desire') {
            wanted = step.what
            subscriber.desire(wanted)
          } else if (step.do === 'begin') {
            subscriber.leave()
            gateway = new Gateway()
            subscriber.begin(gateway)
          } else if (step.do === 'leave') {
            subscriber.leave()
            gateway = undefined
          } else if (step.do === 'wait') await jest.advanceTimersByTimeAsync(7_000)
          else if (step.do === 'settle') await settle()
          else if (step.do === 'restart') subscriber.restart(step.which.rid, 'stale')
          else if (step.do === 'refuse' && gateway?.live.delete(step.which.rid)) subscriber.refuse(step.which.rid, 10_197, 'competing')
          expect(gateway?.live.size ?? 0).toBeLessThanOrEqual(3)
        }
        gateway = new Gateway()
        subscriber.leave()
        subscriber.begin(gateway)
        await jest.advanceTimersByTimeAsync(90_000)
        const plan = subscriber.desire(wanted)
        expect([...gateway.live].sort()).toEqual(plan.granted.map(({ rid }) => rid).sort())
      }),
      { numRuns: 100 },
    )
  })
})
