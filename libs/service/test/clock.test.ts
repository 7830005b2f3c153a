import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { openClock, parseClockStart } from '../src/clock.ts'

describe('openClock', () => {
  let wallMs = 0
  let monotonicMs = 0
  const ports = { wallMs: () => wallMs, monotonicMs: () => monotonicMs }
  const pass = (ms: number, wallByMs = ms) => {
    monotonicMs += ms
    wallMs += wallByMs
    jest.advanceTimersByTime(ms)
  }

  beforeEach(() => {
    jest.useFakeTimers()
    wallMs = 1_753_837_634_000
    monotonicMs = 5_000
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('never gives a stamp twice, even within one µs', () => {
    const clock = openClock({ ports })
    const stamps = Array.from({ length: 1_000 }, () => clock.stampUs())
    expect(new Set(stamps).size).toBe(1_000)
    expect(stamps.at(-1)).toBe(1_753_837_634_000_999)
    clock.close()
  })

  it('goes with the monotonic clock between two looks at the wall clock', () => {
    const clock = openClock({ ports })
    monotonicMs += 0.25
    expect(clock.stampUs()).toBe(1_753_837_634_000_250)
    clock.close()
  })

  it('follows a wall clock that was set forward, and says so', () => {
    const steps: number[] = []
    const clock = openClock({ onStep: (byUs) => steps.push(byUs), ports })
    pass(1_000, 11_000)
    expect(clock.stampUs()).toBe(1_753_837_645_000_500)
    expect(steps).toEqual([10_000_500])
    clock.close()
  })

  it('never goes back when the wall clock was set back, and says so', () => {
    const steps: number[] = []
    const clock = openClock({ onStep: (byUs) => steps.push(byUs), ports })
    const before = clock.stampUs()
    pass(1_000, -9_000)
    expect(clock.stampUs()).toBe(before + 1)
    expect(steps).toHaveLength(1)
    clock.close()
  })

  it('measures spans by what nobody sets', () => {
    const clock = openClock({ ports })
    clock.stampUs()
    const before = clock.steadyUs()
    pass(1_000, -3_600_000)
    pass(1_000, 7_200_000)
    expect(clock.steadyUs() - before).toBe(2_000_000)
    clock.close()
  })

  it('goes on above the last stamp of an earlier run', () => {
    const clock = openClock({ ports })
    clock.startAbove(1_800_000_000_000_000)
    expect(clock.stampUs()).toBe(1_800_000_000_000_001)
    clock.close()
  })

  it('runs from a chosen moment at a chosen rate, the same for every process that is given both', () => {
    const virtual = { startMs: 1_000_000_000_000, originMs: wallMs - 2_000, rate: 60 }
    const clock = openClock({ virtual, ports })
    expect(clock.nowUs()).toBe(1_000_000_120_000_000)
    pass(500)
    expect(clock.nowUs()).toBe(1_000_000_150_000_000)
    const later = openClock({ virtual, ports })
    expect(later.nowUs()).toBe(clock.nowUs())
  })

  it('calls after its own time, once or again and again, and not once it is cancelled', () => {
    const clock = openClock({ virtual: { startMs: 0, originMs: wallMs, rate: 10 }, ports })
    const calls: string[] = []
    clock.after(5_000, () => calls.push('once'))
    clock.after(5_000, () => calls.push('never')).cancel()
    const beat = clock.every(2_000, () => calls.push('beat'))
    pass(450)
    expect(calls).toEqual(['beat', 'beat'])
    beat.cancel()
    pass(100)
    expect(calls).toEqual(['beat', 'beat', 'once'])
  })

  it('ends a pause with the reason of the signal', async () => {
    const clock = openClock({ ports })
    const stop = new AbortController()
    const pause = clock.pause(60_000, stop.signal)
    stop.abort(new Error('enough'))
    await expect(pause).rejects.toThrow('enough')
    await expect(clock.pause(1, stop.signal)).rejects.toThrow('enough')
    clock.close()
  })
})

describe('parseClockStart', () => {
  it('takes an ISO time with its zone, and the real moment it belongs to', () => {
    expect(parseClockStart('2025-07-30T09:00:00-04:00', 7)).toEqual({ startMs: Date.UTC(2025, 6, 30, 13), originMs: 7 })
    expect(parseClockStart('2025-07-30T13:00:00Z@1795603862803', 7)).toEqual({
      startMs: Date.UTC(2025, 6, 30, 13),
      originMs: 1_795_603_862_803,
    })
    for (const wrong of ['2025-07-30T13:00:00', 'tomorrow', '2025-07-30T13:00:00Z@soon', ''])
      expect(parseClockStart(wrong, 7)).toBeUndefined()
  })
})
