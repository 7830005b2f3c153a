import { type GapEvent, type GapOpenedEvent, hash31, usFromMs } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { jest } from '@jest/globals'
import { Certainty } from '../../src/gaps/certainty.ts'
import { type RecordedStream, RecordedStreams } from '../../src/recorded-streams.ts'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'

export const RID = hash31(1, 'bid_ask')
export const OTHER_RID = hash31(2, 'last')
export const NEW_RID = hash31(3, 'last')

/** Under fake timers: two streams that are recorded; what is told of their gaps, in seconds since the start. */
export function startCertainty() {
  const startMs = Date.now()
  const seconds = (us: number) => Math.round(us / 1e6 - startMs / 1e3)
  const told: unknown[][] = []
  const world = { whole: true, answers: true, subscribed: true }
  const streams = new RecordedStreams()
  const desired: DesiredStream[] = [
    { cid: 1, tt: 'bid_ask', rid: RID, symbol: 'A', tracked: true },
    { cid: 2, tt: 'last', rid: OTHER_RID, symbol: 'B', tracked: true },
  ]
  streams.desire(desired, { nowUs: usFromMs(startMs), onLeft: () => undefined })
  const desireToo = (rid: number) => {
    const all = [...desired, { cid: 3, tt: 'last' as const, rid, symbol: 'C', tracked: false }]
    streams.desire(all, { nowUs: clock.nowUs(), onLeft: () => undefined })
  }
  const clock = openClock({ ports: { wallMs: () => Date.now(), monotonicMs: () => performance.now() } })
  const tell = ({ kind, cid, cause, fromUs, ...rest }: GapEvent | GapOpenedEvent) =>
    told.push([kind, cid, cause, seconds(fromUs), ...('toUs' in rest ? [seconds(rest.toUs)] : [])])
  const certainty: Certainty = new Certainty({
    clock,
    streams,
    log: { head: () => ({ st: clock.stampUs(), epoch: 1 }), gap: tell },
    isWhole: () => world.whole,
    isSubscribed: () => world.subscribed,
    missedAtStart: () => undefined,
    askAnew: (stream) => {
      told.push(['asked anew', stream.cid])
      certainty.subscribed(stream as RecordedStream)
    },
    onChange: () => undefined,
  })
  const tick = (rid: number) => {
    const stream = streams.of(rid)
    const st = usFromMs(Date.now())
    if (stream) stream.lastStUs = st
    certainty.hearTick(rid, st)
  }
  const heartbeat = () => {
    jest.advanceTimersByTime(1_000)
    if (world.answers) certainty.hearAnswer(clock.steadyUs())
  }
  const pass = (s: number) => {
    for (let i = 0; i < s; i++) heartbeat()
  }
  const stream = (rid: number) => {
    const found = streams.of(rid)
    if (!found) throw new Error(`nobody desires ${rid}`)
    return found
  }
  return { certainty, world, told, tick, pass, stream, desireToo }
}
