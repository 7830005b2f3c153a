import { describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { unknownStock } from '../../src/contract/listing/stocks.ts'
import { silentLog } from '../../src/log.ts'
import type { DueTicks, MarketSource, TapeMark } from '../../src/market/market-source.ts'
import type { MidTick, Tick, TickKind } from '../../src/market/tick.ts'
import { Subscription, type TickSink } from '../../src/tape/subscription.ts'
import { Tape } from '../../src/tape/tape.ts'
import { noTruth } from '../../src/tape/truth-log.ts'
import { Watch } from '../client/until.ts'

const CONTRACT = unknownStock(42)
const LENGTH = 20

/** Mid points 0 to 19, always due, one a turn. */
class CountingSource implements MarketSource {
  readonly name = 'replay'
  readonly pace: 'clock' | 'reader'
  readonly conIds = [CONTRACT.conId]
  readonly keepsHours = false
  readonly events = undefined
  given = 0
  whenAsked = () => {}

  constructor(pace: 'clock' | 'reader') {
    this.pace = pace
  }

  carries(_conId: number, kind: TickKind): boolean {
    return kind === 'mid_point'
  }

  listen(): void {}

  unlisten(): void {}

  markOf(): TapeMark {
    return { mark: this.given, lastWholeSecond: 0 }
  }

  async *past(): AsyncGenerator<readonly Tick[]> {}

  async due(): Promise<DueTicks> {
    this.whenAsked()
    const tick: MidTick = { kind: 'mid_point', conId: CONTRACT.conId, tsUs: 0, mid: this.given++ }
    return { ticks: [tick], nextUs: 0, ended: this.given === LENGTH }
  }

  takeBack(): void {
    this.given--
  }

  async close(): Promise<void> {}
}

class Listener implements TickSink {
  readonly clientId = 1
  readonly mids: number[] = []
  readonly watch = new Watch()
  congested = false
  whenFlushed = () => {}

  queueTick(payload: string): boolean {
    this.mids.push(Number(payload.split('\0')[4]))
    return true
  }

  flushTicks(): void {
    this.whenFlushed()
    this.watch.happened()
  }

  async heard(count: number): Promise<void> {
    await this.watch.until(
      () => this.mids.length >= count,
      () => `${count} ticks, ${this.mids.length} came`,
    )
  }
}

const subscription = (sink: TickSink, requestId = 1) => new Subscription({ sink, requestId, contract: CONTRACT, kind: 'mid_point' })
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

function tapeOf(source: MarketSource, startAfter: number, withoutListeners: 'goOn' | 'hold'): Tape {
  return new Tape({ source, clock: systemClock, truth: noTruth, log: silentLog, startAfter, withoutListeners })
}

describe('Tape', () => {
  it('starts with the subscription that was waited for, and both hear everything', async () => {
    const [first, second] = [new Listener(), new Listener()]
    const tape = tapeOf(new CountingSource('clock'), 2, 'goOn')
    const done = tape.run()
    tape.subscribe(subscription(first))
    expect(tape.state).toBe('waiting')
    tape.subscribe(subscription(second, 2))
    await done
    expect(first.mids).toEqual(numbers(0, LENGTH))
    expect(second.mids).toEqual(numbers(0, LENGTH))
    expect(tape).toMatchObject({ state: 'ended', sentTicks: 2 * LENGTH })
  })

  it('goes on without listeners like a market', async () => {
    const source = new CountingSource('clock')
    const listener = new Listener()
    const tape = tapeOf(source, 1, 'goOn')
    const done = tape.run()
    const standing = subscription(listener)
    listener.whenFlushed = () => {
      if (listener.mids.length === 5) tape.unsubscribe(standing)
    }
    tape.subscribe(standing)
    await done
    expect(listener.mids).toEqual(numbers(0, 5))
    expect(source.given).toBe(LENGTH)
  })

  it('holds without listeners and loses nothing, also when the last one leaves while the source is read', async () => {
    const source = new CountingSource('clock')
    const listener = new Listener()
    const tape = tapeOf(source, 1, 'hold')
    const done = tape.run()
    const standing = subscription(listener)
    tape.subscribe(standing)
    const held = new Watch()
    source.whenAsked = () => {
      if (source.given !== 5) return
      source.whenAsked = () => {}
      tape.unsubscribe(standing)
      setImmediate(() => held.happened())
    }
    await held.until(
      () => tape.state === 'held',
      () => tape.state,
    )
    expect(listener.mids).toEqual(numbers(0, 5))
    tape.subscribe(standing)
    await done
    expect(listener.mids).toEqual(numbers(0, LENGTH))
  })

  it('at the pace of the reader waits for the slowest socket to drain', async () => {
    const source = new CountingSource('reader')
    const listener = new Listener()
    const tape = tapeOf(source, 1, 'goOn')
    const done = tape.run()
    listener.whenFlushed = () => {
      listener.congested = listener.mids.length === 3
    }
    tape.subscribe(subscription(listener))
    await listener.heard(3)
    const elsewhere = Array.from({ length: 5 }, () => new Promise((resolve) => setImmediate(resolve)))
    await Promise.all(elsewhere)
    expect(source.given).toBe(3)
    listener.congested = false
    tape.wake()
    await done
    expect(listener.mids).toEqual(numbers(0, LENGTH))
  })

  it('does not take up what was cancelled while it waited for the source', async () => {
    const source = new CountingSource('clock')
    const [standing, cancelled] = [new Listener(), new Listener()]
    const tape = tapeOf(source, 1, 'goOn')
    const done = tape.run()
    let marks = 0
    source.whenAsked = () => {
      if (source.given !== 5) return
      const late = subscription(cancelled, 2)
      tape.join(late, () => marks++)
      tape.unsubscribe(late)
    }
    tape.subscribe(subscription(standing))
    await done
    expect([cancelled.mids, marks, tape.subscriptions]).toEqual([[], 0, 1])
  })

  it('ends in the state failed when the source cannot go on', async () => {
    const source = new CountingSource('clock')
    source.whenAsked = () => {
      throw new Error('the disk is gone')
    }
    const tape = tapeOf(source, 1, 'goOn')
    const done = tape.run()
    tape.subscribe(subscription(new Listener()))
    await done
    expect(tape.state).toBe('failed')
  })
})
