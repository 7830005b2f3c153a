import { usFromMs } from '@ib-stream/model'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { NEW_RID, OTHER_RID, RID, startCertainty } from './certainty-bench.ts'

describe('Certainty', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('regression: that one stream is taken to be quiet shows of no other that IB is heard', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    certainty.lose('ended', 'a test', undefined)
    certainty.subscribed(stream(OTHER_RID))
    pass(8)
    tick(RID)
    certainty.end(stream(RID))
    pass(7)
    told.length = 0
    certainty.lose('cutOff', 'IB was away for longer than it says', undefined)
    expect(told).toEqual([
      ['gap_opened', 1, 'connectivity_lost', 8],
      ['gap_opened', 2, 'connectivity_lost', 10],
    ])
  })

  it.each([
    ['cutOff', 'connectivity_lost', 10],
    ['competing', 'competing_session', 10],
    ['overdue', 'gateway_mute', 20],
    ['ended', 'disconnected', 20],
  ] as const)('begins a gap after %s with %s, at the last moment at which nothing can be missing', (event, cause, fromSecond) => {
    const { certainty, told, tick, pass } = startCertainty()
    pass(10)
    tick(RID)
    pass(10)
    certainty.hearGateway(usFromMs(Date.now())) // it answers by itself, whether or not IB reaches it
    pass(5)
    certainty.lose(event, 'a test', undefined)
    expect(told).toEqual([1, 2].map((cid) => ['gap_opened', cid, cause, fromSecond]))
  })

  it('ends the gap of a stream that stands for ten seconds without a tick after it was asked for: it is only quiet', () => {
    const { certainty, told, pass, stream } = startCertainty()
    certainty.lose('ended', 'a test', undefined)
    pass(3)
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    pass(9)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([])
    pass(2)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([1, 2].map((cid) => ['gap', cid, 'disconnected', 0, 13]))
  })

  it("regression: a tick of the request before ended the gap of a stream that was asked for again; only one behind the gateway's next answer does", () => {
    const { certainty, world, pass, stream } = startCertainty()
    certainty.subscribed(stream(RID))
    expect(certainty.awaits(RID)).toBe(false) // the first one of this session
    world.answers = false
    pass(10)
    certainty.suspect(stream(RID), 'it was never so long silent')
    certainty.subscribed(stream(RID))
    pass(29)
    expect(certainty.awaits(RID)).toBe(true)
    pass(2) // it answers no questions at all
    expect(certainty.awaits(RID)).toBe(false)
    certainty.subscribed(stream(RID))
    pass(1)
    expect(certainty.awaits(RID)).toBe(true)
    world.answers = true
    pass(1)
    expect(certainty.awaits(RID)).toBe(false)
    certainty.subscribed(stream(RID))
    certainty.startOver({ takesRequests: false }) // a session of its own has no request before
    certainty.subscribed(stream(RID))
    expect(certainty.awaits(RID)).toBe(false)
  })

  it('regression: a stream that lost its line and got it back was taken for quiet by what was to look at it before', () => {
    const { certainty, told, pass, stream } = startCertainty()
    certainty.lose('ended', 'a test', undefined)
    certainty.subscribed(stream(RID))
    pass(8)
    certainty.subscribed(stream(RID))
    pass(9)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([])
    pass(2)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([['gap', 1, 'disconnected', 0, 18]])
  })

  it('takes no stream for quiet before the gateway has answered what was asked after its request', () => {
    const { certainty, world, told, pass, stream } = startCertainty()
    certainty.lose('ended', 'a test', undefined)
    world.answers = false
    certainty.subscribed(stream(RID))
    pass(60)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([])
    world.answers = true
    pass(2)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([['gap', 1, 'disconnected', 0, 62]])
  })

  it('regression: a request that outlived a loss, and of which nothing came, was taken for a quiet stream; it is asked for anew', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    certainty.lose('cutOff', 'a test', 1100)
    certainty.checkAllQuiet() // 1102
    tick(OTHER_RID)
    certainty.end(stream(OTHER_RID))
    pass(11)
    expect(told.slice(2)).toEqual([
      ['gap', 2, 'connectivity_lost', 0, 0],
      ['asked anew', 1],
    ])
    pass(11)
    expect(told.slice(4)).toEqual([['gap', 1, 'connectivity_lost', 0, 20]])
  })

  it('regression: a stream that was taken for quiet, and had no tick before the next loss, is missing since then', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    certainty.lose('ended', 'a test', undefined)
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    pass(20)
    expect(certainty.missedOf(RID)).toMatchObject({ cause: 'ingest_down' }) // it may end without another word
    tick(OTHER_RID)
    pass(40)
    certainty.hearGateway(usFromMs(Date.now()))
    certainty.lose('ended', 'a test', undefined)
    expect(told.slice(4)).toEqual([
      ['gap_opened', 1, 'disconnected', 10],
      ['gap_opened', 2, 'disconnected', 60],
    ])
    expect(certainty.missedOf(OTHER_RID)).toMatchObject({ cause: 'disconnected' })
  })

  it('regression: a stream that never had a tick, for IB had not taken its request, was missing only since the connection was lost', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    pass(5)
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    expect(certainty.missedOf(RID)).toMatchObject({ cause: 'ingest_down' }) // it may end without another word
    tick(OTHER_RID)
    expect(certainty.missedOf(OTHER_RID)).toBeUndefined()
    pass(60)
    certainty.hearGateway(usFromMs(Date.now()))
    certainty.lose('ended', 'a test', undefined)
    expect(told).toEqual([
      ['gap_opened', 1, 'disconnected', 0],
      ['gap_opened', 2, 'disconnected', 65],
    ])
  })

  it.each([
    ['refused', 'refused', ({ certainty, stream }) => certainty.refused(stream(NEW_RID), { cause: 'refused', reason: 'a test' })],
    ['silent', 'stale', ({ certainty, stream }) => certainty.suspect(stream(NEW_RID), 'a test')],
    ['lost with the connection', 'disconnected', ({ certainty }) => certainty.lose('ended', 'a test', undefined)],
    ['cut off', 'connectivity_lost', ({ certainty }) => certainty.lose('cutOff', 'a test', undefined)],
  ] as [string, string, (world: ReturnType<typeof startCertainty>) => void][])(
    'regression: a stream that was first wanted an hour after the start, and is %s, was missed since then',
    (_, cause, happens) => {
      const world = startCertainty()
      world.tick(RID)
      world.pass(3_600)
      world.desireToo(NEW_RID)
      world.pass(5)
      happens(world)
      expect(world.told.filter(([, cid]) => cid === 3)).toEqual([['gap_opened', 3, cause, 3_600]])
    },
  )

  it.each(['cutOff', 'silent', 'ended'] as const)(
    'regression: a stream that was first wanted while IB was not heard (%s) was in no gap up to its first tick',
    (event) => {
      const { certainty, world, told, pass, tick, stream, desireToo } = startCertainty()
      world.whole = false
      certainty.lose(event, 'a test', undefined)
      pass(20)
      told.length = 0
      desireToo(NEW_RID)
      certainty.declareDown()
      pass(20)
      world.whole = true
      certainty.subscribed(stream(NEW_RID))
      tick(NEW_RID)
      certainty.end(stream(NEW_RID))
      expect(told).toEqual([
        ['gap_opened', 3, expect.any(String), 20],
        ['gap', 3, expect.any(String), 20, 40],
      ])
    },
  )

  it('regression: a request that was made while the gateway was cut off from IB, and of which nothing came, was taken for a quiet stream', () => {
    const { certainty, world, told, pass, stream } = startCertainty()
    world.whole = false
    certainty.lose('sessionReady', 'ready, and cut off', 1100)
    certainty.subscribed(stream(RID))
    pass(20)
    world.whole = true
    certainty.checkAllQuiet() // 1102
    pass(11)
    expect(told.slice(2)).toContainEqual(['asked anew', 1])
  })

  it('does not take a stream that was asked for anew, because it was silent, for quiet', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    tick(RID)
    pass(60)
    certainty.suspect(stream(RID), 'it was never so long silent')
    certainty.subscribed(stream(RID))
    pass(30)
    expect(told).toEqual([['gap_opened', 1, 'stale', 0]])
    certainty.acquit(RID) // its market has closed
    expect(told.at(-1)).toEqual(['gap', 1, 'stale', 0, 90])
  })

  it('regression: the close of its market ended the gap of a silent stream that had lost its line meanwhile', () => {
    const { certainty, world, told, tick, pass, stream } = startCertainty()
    tick(RID)
    pass(60)
    certainty.suspect(stream(RID), 'it was never so long silent')
    world.subscribed = false
    certainty.acquit(RID)
    pass(60)
    expect(told).toEqual([['gap_opened', 1, 'stale', 0]])
    world.subscribed = true
    certainty.subscribed(stream(RID))
    pass(11)
    expect(told.slice(1)).toEqual([['gap', 1, 'stale', 0, 130]])
  })

  it('regression: a stream that nobody wanted any more, and of which nothing had come since a gap, counted as quiet for good', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
    certainty.subscribed(stream(OTHER_RID)) // never had a tick, nor a gap: it was quiet
    certainty.lose('ended', 'a test', undefined)
    certainty.end(stream(OTHER_RID))
    tick(OTHER_RID)
    certainty.subscribed(stream(RID))
    pass(20)
    told.length = 0
    certainty.leave(stream(RID), true)
    certainty.leave(stream(OTHER_RID), true)
    expect(told).toEqual([
      ['gap_opened', 1, 'stale', 10],
      ['gap', 1, 'stale', 10, 20],
    ])
  })

  it('regression: what a gateway that was not read had still to give was in no gap where its stream was left meanwhile', () => {
    const { certainty, told, pass, stream } = startCertainty()
    pass(5)
    certainty.hearGateway(usFromMs(Date.now()))
    pass(20)
    certainty.leave(stream(OTHER_RID), true)
    certainty.leave(stream(RID), false)
    expect(told).toEqual([
      ['gap_opened', 1, 'spool_full', 5],
      ['gap', 1, 'spool_full', 5, 25],
    ])
  })
})
