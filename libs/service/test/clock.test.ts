import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { openClock } from '../src/clock.ts'

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
    const clock = openClock(() => undefined, ports)
    const stamps = Array.from({ length: 1_000 }, () => clock.stampUs())
    expect(new Set(stamps).size).toBe(1_000)
    expect(stamps.at(-1)).toBe(1_753_837_634_000_999)
    clock.close()
  })

  it('goes with the monotonic clock between two looks at the wall clock', () => {
    const clock = openClock(() => undefined, ports)
    monotonicMs += 0.25
    expect(clock.stampUs()).toBe(1_753_837_634_000_250)
    clock.close()
  })

  it('follows a wall clock that was set forward, and says so', () => {
    const steps: number[] = []
    const clock = openClock((byUs) => steps.push(byUs), ports)
    pass(1_000, 11_000)
    expect(clock.stampUs()).toBe(1_753_837_645_000_500)
    expect(steps).toEqual([10_000_500])
    clock.close()
  })

  it('never goes back when the wall clock was set back, and says so', () => {
    const steps: number[] = []
    const clock = openClock((byUs) => steps.push(byUs), ports)
    const before = clock.stampUs()
    pass(1_000, -9_000)
    expect(clock.stampUs()).toBe(before + 1)
    expect(steps).toHaveLength(1)
    clock.close()
  })

  it('goes on above the last stamp of an earlier run', () => {
    const clock = openClock(() => undefined, ports)
    clock.startAbove(1_800_000_000_000_000)
    expect(clock.stampUs()).toBe(1_800_000_000_000_001)
    clock.close()
  })
})
