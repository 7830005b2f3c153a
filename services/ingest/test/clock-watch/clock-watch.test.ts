import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { describe, expect, it } from '@jest/globals'
import { type ClockNews, ClockWatch } from '../../src/clock-watch/clock-watch.ts'

const START_US = 1_753_884_000_000_000

/** A watch whose looks the test orders, and whose IB is `offsetUs` behind our clock. */
class Bench {
  readonly news: ClockNews[] = []
  readonly lags: number[] = []
  readonly watch: ClockWatch
  nowUs = START_US
  #look: () => void = () => undefined

  constructor() {
    const every = (_ms: number, work: () => void) => {
      this.#look = work
      return { cancel: () => undefined }
    }
    this.watch = new ClockWatch({
      clock: { every } as unknown as Clock,
      onNews: (news) => this.news.push(news),
      onLag: (_tt, lagUs) => this.lags.push(lagUs / US_PER_SECOND),
    })
  }

  /** IB is asked for a minute. */
  ask(offsetSeconds: number): void {
    for (let i = 0; i < 12; i++) {
      this.nowUs += 5_083_333
      const ibSeconds = Math.floor((this.nowUs - offsetSeconds * US_PER_SECOND) / US_PER_SECOND)
      this.watch.hearTime({ askedUs: this.nowUs - 1_000, heardUs: this.nowUs + 1_000, ibSeconds })
    }
  }

  /** Ticks of a stream, and the look after them. */
  ticks(count: number, stampOffsetSeconds: number, fields: object = {}): void {
    for (let i = 0; i < count; i++) {
      this.nowUs += 130_000
      const ts = Math.floor((this.nowUs - stampOffsetSeconds * US_PER_SECOND) / US_PER_SECOND) * US_PER_SECOND
      this.watch.hearTick({ ts, st: this.nowUs, cid: 8314, tt: 'last', rid: 7, p: 1, ...fields } as TickMessage)
    }
    this.#look()
  }

  get states(): string[] {
    return this.news.map(({ kind, state }) => `${kind} ${state}`)
  }
}

describe('ClockWatch', () => {
  it('says once that our clock differs from IB’s, again when it drifts on, and when they agree again', () => {
    const bench = new Bench()
    bench.ask(0.2)
    expect([bench.watch.state, bench.news]).toEqual(['agrees', []])
    expect(bench.watch.offsetUs / US_PER_SECOND).toBeCloseTo(0.2, 1)
    bench.ask(37)
    expect([bench.watch.state, bench.states]).toEqual(['differs', ['clock differs']])
    expect(bench.watch.offsetUs / US_PER_SECOND).toBeCloseTo(37, 0)
    bench.ask(37)
    expect(bench.news).toHaveLength(1)
    bench.ask(40)
    bench.ask(0)
    expect(bench.states).toEqual(['clock differs', 'clock differs', 'clock agrees'])
    expect(bench.news[0]?.reason).toMatch(/^our clock is 3[67]\.\d\d s ahead of IB’s; look after the time service/)
  })

  it('is silent within a second, which IB’s whole seconds cannot tell', () => {
    const bench = new Bench()
    for (const offset of [0, 0.5, -0.5, 0.9, -0.9]) bench.ask(offset)
    expect(bench.news).toEqual([])
  })

  it('says that the stamps of a stream are old while the clocks agree, and when they are of now again', () => {
    const bench = new Bench()
    bench.ask(0)
    for (const offset of [0, 30, 0, 30, 30, 30, 0, 0, -30, -30]) bench.ticks(50, offset)
    expect(bench.states).toEqual(['lag off', 'lag agrees', 'lag off'])
    expect(bench.news[0]).toMatchObject({
      cid: 8314,
      tt: 'last',
      reason: expect.stringMatching(/^stamps of the stream are (29|30)\.\d\d s old/),
    })
    expect(bench.news[2]?.reason).toMatch(/ahead by IB’s own time$/)
  })

  it('does not blame the streams when it is our clock that differs', () => {
    const bench = new Bench()
    bench.ask(0)
    bench.ticks(50, 37)
    bench.ask(37)
    for (let i = 0; i < 3; i++) bench.ticks(50, 37)
    expect(bench.states).toEqual(['clock differs'])
  })

  it('says nothing of a stream by a few ticks', () => {
    const bench = new Bench()
    bench.ask(0)
    for (let i = 0; i < 3; i++) bench.ticks(3, 30)
    expect(bench.news).toEqual([])
  })

  it('leaves out what was filled in from history, and what is replayed', () => {
    const bench = new Bench()
    bench.ask(0)
    bench.ticks(50, 30, { bf: true })
    bench.ticks(50, 12 * 365 * 86_400)
    expect([bench.news, bench.lags, bench.watch.streamLags]).toEqual([[], [], []])
  })

  it('gives the lag of each live tick against IB’s clock', () => {
    const bench = new Bench()
    bench.ask(37)
    bench.ticks(50, 37)
    expect(Math.min(...bench.lags)).toBeGreaterThan(-1.1)
    expect(Math.max(...bench.lags)).toBeLessThan(2.1)
  })

  it('says that the system’s clock was set', () => {
    const bench = new Bench()
    bench.watch.hearStep(-3_600 * US_PER_SECOND)
    expect(bench.news).toEqual([
      { kind: 'clock', state: 'set', offsetUs: -3_600 * US_PER_SECOND, reason: "the system's clock was set by -3600.00 s" },
    ])
  })
})
