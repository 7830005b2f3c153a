import { type GapEvent, type GapOpenedEvent, hash31, usFromMs } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Certainty } from '../../src/gaps/certainty.ts'
import { type RecordedStream, RecordedStreams } from '../../src/recorded-streams.ts'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'

const RID = hash31(1, 'bid_ask')
const OTHER_RID = hash31(2, 'last')
const NEW_RID = hash31(3, 'last')
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

describe('Certainty', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  /** Two streams that are recorded; what is told of their gaps, in seconds since the start. */
  const start = () => {
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

  it('regression: that one stream is taken to be quiet shows of no other that IB is heard', () => {
    const { certainty, told, tick, pass, stream } = start()
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
    const { certainty, told, tick, pass } = start()
    pass(10)
    tick(RID)
    pass(10)
    certainty.hearGateway(usFromMs(Date.now())) // it answers by itself, whether or not IB reaches it
    pass(5)
    certainty.lose(event, 'a test', undefined)
    expect(told).toEqual([1, 2].map((cid) => ['gap_opened', cid, cause, fromSecond]))
  })

  it('ends the gap of a stream that stands for ten seconds without a tick after it was asked for: it is only quiet', () => {
    const { certainty, told, pass, stream } = start()
    certainty.lose('ended', 'a test', undefined)
    pass(3)
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    pass(9)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([])
    pass(2)
    expect(told.filter(([kind]) => kind === 'gap')).toEqual([1, 2].map((cid) => ['gap', cid, 'disconnected', 0, 13]))
  })

  it("regression: a tick of the request before ended the gap of a stream that was asked for again; only one behind the gateway's next answer does", () => {
    const { certainty, world, pass, stream } = start()
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
    const { certainty, told, pass, stream } = start()
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
    const { certainty, world, told, pass, stream } = start()
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
    const { certainty, told, tick, pass, stream } = start()
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
    const { certainty, told, tick, pass, stream } = start()
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
    const { certainty, told, tick, pass, stream } = start()
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
  ] as [string, string, (world: ReturnType<typeof start>) => void][])(
    'regression: a stream that was first wanted an hour after the start, and is %s, was missed since then',
    (_, cause, happens) => {
      const world = start()
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
      const { certainty, world, told, pass, tick, stream, desireToo } = start()
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
    const { certainty, world, told, pass, stream } = start()
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
    const { certainty, told, tick, pass, stream } = start()
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
    const { certainty, world, told, tick, pass, stream } = start()
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

  it('declares a hole for what hung on a broken farm, three seconds later or when the farm is back before', () => {
    const { certainty, told, tick, pass, stream } = start()
    tick(RID)
    tick(OTHER_RID)
    pass(10)
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    pass(2)
    tick(OTHER_RID) // hangs on another one
    expect(told).toEqual([])
    pass(2)
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 0]])
    tick(RID)
    certainty.end(stream(RID))
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfarm')
    pass(6)
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfuture')
    pass(1)
    tick(RID)
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfuture')
    expect(told.slice(1)).toEqual([
      ['gap', 1, 'farm_broken', 0, 14],
      ['gap_opened', 2, 'farm_broken', 12], // it lasted for a second only
    ])
  })

  it('regression: a tick that was still on its way when the farm broke hid the hole of its stream', () => {
    const { certainty, told, tick, pass } = start()
    tick(RID)
    tick(OTHER_RID)
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    jest.advanceTimersByTime(200)
    tick(RID)
    for (let i = 0; i < 40; i++) {
      pass(1)
      tick(OTHER_RID) // hangs on another one
    }
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfarm')
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 0]])
  })

  it('regression: a stream that fell silent some seconds after the notice hung on the broken farm all the same', () => {
    const { certainty, told, tick, pass } = start()
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    for (let i = 0; i < 40; i++) {
      pass(1)
      if (i < 2) tick(RID)
      tick(OTHER_RID)
    }
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfarm')
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 2]])
  })

  it('regression: what a broken farm had silenced was missing only since the connection was lost, or since ingest was killed', () => {
    const { certainty, told, tick, pass } = start()
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    pass(2)
    tick(RID) // some of its ticks still come
    tick(OTHER_RID)
    expect(certainty.missedOf(RID)).toMatchObject({ cause: 'farm_broken' })
    pass(60)
    tick(OTHER_RID) // hangs on another one
    expect(told).toEqual([])
    certainty.hearGateway(usFromMs(Date.now()))
    certainty.lose('ended', 'a test', undefined)
    expect(told).toEqual([
      ['gap_opened', 1, 'farm_broken', 2],
      ['gap_opened', 2, 'disconnected', 62],
    ])
  })

  it('regression: a stream that nobody wanted any more while its farm was broken was in no gap up to then', () => {
    const { certainty, told, tick, pass, stream } = start()
    pass(5)
    tick(RID)
    tick(OTHER_RID)
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    pass(2)
    tick(OTHER_RID) // hangs on another one
    certainty.leave(stream(OTHER_RID), true)
    certainty.leave(stream(RID), true)
    expect(told).toEqual([
      ['gap_opened', 1, 'farm_broken', 5],
      ['gap', 1, 'farm_broken', 5, 7],
    ])
  })

  it('regression: a stream that nobody wanted any more, and of which nothing had come since a gap, counted as quiet for good', () => {
    const { certainty, told, tick, pass, stream } = start()
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

  const CONNECTING = 'Market data farm is connecting:usfarm'
  const BROKEN = 'Market data farm connection is broken:usfarm'
  const WELL = 'Market data farm connection is OK:usfarm'
  const INACTIVE = 'Market data farm connection is inactive but should be available upon demand.usfarm'

  it('regression: a farm that connects anew, without a word that it was broken, left no hole', () => {
    const { certainty, told, tick, pass } = start()
    certainty.hearNotice(2104, WELL)
    pass(5)
    tick(RID)
    certainty.hearNotice(2119, CONNECTING)
    for (let i = 0; i < 4; i++) {
      pass(1)
      tick(OTHER_RID) // hangs on another one
    }
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 5]])
    pass(1)
    certainty.hearNotice(2119, CONNECTING) // it tries again
    certainty.hearNotice(2104, WELL)
    expect(told).toHaveLength(1)
  })

  it('regression: a stream was taken for quiet while the farm that it hangs on was connected for the first time', () => {
    const { certainty, told, tick, pass, stream } = start()
    pass(1)
    certainty.lose('ended', 'a test', undefined)
    certainty.startOver({ takesRequests: false })
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    tick(OTHER_RID)
    certainty.end(stream(OTHER_RID))
    pass(12)
    tick(OTHER_RID)
    expect(told.slice(2)).toEqual([
      ['gap', 2, 'disconnected', 0, 1],
      ['gap', 1, 'disconnected', 0, 11],
    ])
    certainty.hearNotice(2119, CONNECTING)
    pass(4)
    expect(told.slice(4)).toEqual([['gap_opened', 1, 'farm_broken', 11]]) // the other had a tick on this connection, so hangs on another farm
    pass(20)
    expect(told).toHaveLength(5)
    certainty.hearNotice(2104, WELL)
    pass(11)
    expect(told.slice(5)).toEqual([['asked anew', 1]])
  })

  it('regression: a farm that was well only minutes after the connection, without a word before, left a stream that was taken for quiet without a hole', () => {
    const { certainty, told, tick, pass, stream } = start()
    certainty.lose('ended', 'a test', undefined)
    certainty.startOver({ takesRequests: false })
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfuture')
    for (const rid of [RID, OTHER_RID]) certainty.subscribed(stream(rid))
    pass(1)
    tick(OTHER_RID)
    certainty.end(stream(OTHER_RID))
    pass(60)
    certainty.hearNotice(2104, 'Market data farm connection is OK:usfuture') // IB repeats itself
    expect(told.slice(2).map(([kind, cid]) => `${kind} ${cid}`)).toEqual(['gap 2', 'gap 1'])
    certainty.hearNotice(2104, WELL)
    tick(RID)
    certainty.end(stream(RID))
    expect(told.slice(4)).toEqual([
      ['gap_opened', 1, 'farm_broken', 10],
      ['gap', 1, 'farm_broken', 10, 61],
    ])
  })

  it('regression: a stream that was refused while its farm was broken was missing only since the last tick of others', () => {
    const { certainty, world, told, tick, pass, stream } = start()
    certainty.subscribed(stream(RID))
    pass(5)
    tick(RID)
    certainty.hearNotice(2103, BROKEN)
    pass(1)
    tick(OTHER_RID)
    world.subscribed = false
    certainty.lose('competing', 'another session of the login', 10_197)
    expect(told[0]).toEqual(['gap_opened', 1, 'farm_broken', 5])
  })

  it('regression: what a gateway that was not read had still to give was in no gap where its stream was left meanwhile', () => {
    const { certainty, told, pass, stream } = start()
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

  it.each([
    'All data farms are connected: usfuture; usfarm; secdefil.',
    'The following farms are connected: usfuture; usfarm. The following farms are not connected: ushmds.',
  ])('regression: a quiet stream stayed in its gap where only 1102 said that its farm is back: %s', (farms) => {
    const { certainty, told, pass, stream } = start()
    certainty.hearNotice(2104, WELL)
    certainty.subscribed(stream(RID))
    pass(1)
    certainty.hearNotice(2103, BROKEN)
    pass(4)
    certainty.hearNotice(1102, `${RESTORED} ${farms}`)
    pass(24)
    expect(told.filter(([, cid]) => cid === 1)).toEqual([
      ['gap_opened', 1, 'farm_broken', 0],
      ['asked anew', 1],
      ['gap', 1, 'farm_broken', 0, 25],
    ])
  })

  it('regression: a stream was taken for quiet although 1102 named its farm among those that are not connected', () => {
    const { certainty, told, tick, pass } = start()
    certainty.hearNotice(2104, WELL)
    pass(1)
    tick(RID)
    certainty.hearNotice(
      1102,
      `${RESTORED} The following farms are connected: usfuture. The following farms are not connected: usfarm; ushmds.`,
    )
    for (let i = 0; i < 4; i++) {
      pass(1)
      tick(OTHER_RID)
    }
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 1]])
  })

  it('a farm that is connected because somebody asks for it anew silences none that ticked before; one that goes to sleep is not broken any more', () => {
    const { certainty, told, tick, pass } = start()
    pass(1)
    tick(RID)
    tick(OTHER_RID)
    certainty.hearNotice(2108, INACTIVE)
    pass(5)
    certainty.hearNotice(2119, CONNECTING)
    pass(5)
    certainty.hearNotice(2104, WELL)
    pass(1)
    tick(OTHER_RID)
    certainty.hearNotice(2103, 'Market data farm connection is broken:usfarm')
    pass(1)
    tick(OTHER_RID)
    certainty.hearNotice(2108, INACTIVE)
    expect(told).toEqual([['gap_opened', 1, 'farm_broken', 1]])
    pass(11)
    expect(told.slice(1)).toEqual([['asked anew', 1]])
  })
})
