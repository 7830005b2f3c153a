import type { BackfillEvent, GapEvent, RecorderEvent } from '@ib-stream/model'
import { describe, expect, test } from '@jest/globals'
import { streamLedgers } from '../../src/ledger/stream-ledger.ts'
import { uncertainTimes } from '../../src/ledger/uncertain-times.ts'

const of = { cid: 1, tt: 'last' } as const
const connected = (st: number, epoch: number): RecorderEvent => ({
  kind: 'connection',
  st,
  epoch,
  state: 'connected',
  host: '',
  port: 1,
  reason: '',
})
const subscribed = (st: number, epoch = 1): RecorderEvent => ({ kind: 'subscription', st, epoch, ...of, rid: 1, state: 'subscribed' })
const ended = (st: number, epoch = 1): RecorderEvent => ({ kind: 'subscription', st, epoch, ...of, rid: 1, state: 'ended' })
const opened = (st: number, fromUs: number, epoch = 1): RecorderEvent => ({
  kind: 'gap_opened',
  st,
  epoch,
  ...of,
  fromUs,
  cause: 'disconnected',
  reason: '',
})
const gap = (fromUs: number, toUs: number, epoch = 1): GapEvent => ({
  kind: 'gap',
  st: toUs,
  epoch,
  ...of,
  fromUs,
  toUs,
  cause: 'disconnected',
  reason: '',
})
const fill = (gapFromUs: number, gapToUs: number, more: Partial<BackfillEvent> = {}): BackfillEvent => ({
  kind: 'backfill',
  st: gapToUs + 10,
  epoch: 1,
  ...of,
  gapFromUs,
  gapToUs,
  state: 'filled',
  ticks: 1,
  pages: 1,
  ...more,
})

const only = (events: readonly RecorderEvent[], untilUs = 1_000) => {
  const [stream] = streamLedgers(events, untilUs)
  if (!stream) throw new Error('no stream')
  return stream
}
const uncertain = (events: readonly RecorderEvent[], fromUs = 0, untilUs = 1_000) =>
  uncertainTimes(only(events, untilUs), { fromUs, untilUs }).map(({ fromUs, untilUs }) => [fromUs, untilUs])

describe('streamLedgers', () => {
  test('regression: a stream that nobody wanted for a while, and then first while the gateway was away, counted as recorded in between', () => {
    const events = [connected(90, 1), subscribed(100), ended(200), opened(300, 300), gap(300, 400), subscribed(390)]
    expect(only(events).recorded).toEqual([
      { fromUs: 100, untilUs: 200 },
      { fromUs: 300, untilUs: 1_000 },
    ])
    expect(uncertain(events, 100)).toEqual([[200, 400]])
    const askedAnew = [connected(90, 1), subscribed(100), ended(200), opened(201, 190), subscribed(220), gap(190, 230)]
    expect(uncertain(askedAnew, 100)).toEqual([[190, 230]])
  })

  test('a stream is recorded from its first subscription on', () => {
    expect(only([connected(90, 1), subscribed(100)]).recorded).toEqual([{ fromUs: 100, untilUs: 1_000 }])
    expect(uncertain([connected(90, 1), subscribed(100)])).toEqual([[0, 100]])
  })

  test('until nobody asks for it any more, and again from the next time on', () => {
    const events = [connected(90, 1), subscribed(100), ended(200), subscribed(300)]
    expect(uncertain(events)).toEqual([
      [0, 100],
      [200, 300],
    ])
  })

  test('a request that ends within a gap goes on: the gap is what is uncertain', () => {
    const events = [connected(90, 1), subscribed(100), opened(205, 200), ended(206), subscribed(220), gap(200, 230)]
    expect(uncertain(events, 100)).toEqual([[200, 230]])
  })

  test('a line that goes to another is a gap from the last tick on, though its event comes behind the end', () => {
    expect(uncertain([connected(90, 1), subscribed(100), ended(200), opened(201, 195)], 100)).toEqual([[195, 1_000]])
  })

  test('a gap that is open goes on to the end; a next run’s gap continues what the killed run recorded', () => {
    expect(uncertain([connected(90, 1), subscribed(100), opened(205, 200)], 100)).toEqual([[200, 1_000]])
    const killed = [connected(90, 1), subscribed(100), opened(400, 390, 0), connected(410, 1), subscribed(411), gap(390, 420)]
    expect(uncertain(killed, 100)).toEqual([[390, 420]])
  })

  test('a stream of which the next run says nothing was recorded up to the last event of its run', () => {
    const other = { cid: 2, tt: 'last' } as const
    const events = [
      connected(90, 1),
      subscribed(100),
      { ...subscribed(150), ...other } as RecorderEvent,
      { ...opened(400, 390, 0), ...other } as RecorderEvent,
      connected(410, 1),
    ]
    expect(streamLedgers(events, 1_000).map(({ cid, recorded }) => [cid, recorded])).toEqual([
      [1, [{ fromUs: 100, untilUs: 150 }]],
      [2, [{ fromUs: 150, untilUs: 1_000 }]],
    ])
  })

  test('two runs of one connection each are told apart', () => {
    const events = [connected(90, 1), subscribed(100), connected(400, 1), subscribed(410)]
    expect(only(events).recorded).toEqual([
      { fromUs: 100, untilUs: 100 },
      { fromUs: 410, untilUs: 1_000 },
    ])
  })
})

describe('uncertainTimes', () => {
  const base = [connected(90, 1), subscribed(100), gap(200, 300), gap(500, 600)]

  test('leaves out what was filled, wholly or from a moment on', () => {
    const events = [...base, fill(200, 300), fill(500, 600, { state: 'partly', filledFromUs: 550 })]
    expect(uncertain(events, 100)).toEqual([[500, 550]])
    expect(uncertain([...base, fill(200, 300, { state: 'unavailable' })], 100)).toEqual([
      [200, 300],
      [500, 600],
    ])
  })

  test('counts a range that was asked for as certain, also where nothing was recorded', () => {
    expect(uncertain([...base, fill(0, 250, { asked: true })])).toEqual([
      [250, 300],
      [500, 600],
    ])
  })

  test('cuts to the range, and joins what touches', () => {
    expect(uncertain([...base, gap(300, 320)], 250, 550)).toEqual([
      [250, 320],
      [500, 550],
    ])
  })
})
