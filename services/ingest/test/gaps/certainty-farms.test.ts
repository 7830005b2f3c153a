import { usFromMs } from '@ib-stream/model'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { OTHER_RID, RID, startCertainty } from './certainty-bench.ts'

const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'
const CONNECTING = 'Market data farm is connecting:usfarm'
const BROKEN = 'Market data farm connection is broken:usfarm'
const WELL = 'Market data farm connection is OK:usfarm'
const INACTIVE = 'Market data farm connection is inactive but should be available upon demand.usfarm'

describe('Certainty, where a market data farm is lost', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('declares a hole for what hung on a broken farm, three seconds later or when the farm is back before', () => {
    const { certainty, told, tick, pass, stream } = startCertainty()
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
    const { certainty, told, tick, pass } = startCertainty()
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
    const { certainty, told, tick, pass } = startCertainty()
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
    const { certainty, told, tick, pass } = startCertainty()
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
    const { certainty, told, tick, pass, stream } = startCertainty()
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

  it('regression: a farm that connects anew, without a word that it was broken, left no hole', () => {
    const { certainty, told, tick, pass } = startCertainty()
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
    const { certainty, told, tick, pass, stream } = startCertainty()
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
    const { certainty, told, tick, pass, stream } = startCertainty()
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
    const { certainty, world, told, tick, pass, stream } = startCertainty()
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

  it.each([
    'All data farms are connected: usfuture; usfarm; secdefil.',
    'The following farms are connected: usfuture; usfarm. The following farms are not connected: ushmds.',
  ])('regression: a quiet stream stayed in its gap where only 1102 said that its farm is back: %s', (farms) => {
    const { certainty, told, pass, stream } = startCertainty()
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
    const { certainty, told, tick, pass } = startCertainty()
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
    const { certainty, told, tick, pass } = startCertainty()
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
