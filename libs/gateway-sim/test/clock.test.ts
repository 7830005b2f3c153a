import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { afterSeconds, type Clock, openClock, parseClockStart } from '../src/clock.ts'
import { parseCommandLine } from '../src/command-line.ts'
import { resolveOptions } from '../src/options.ts'

const ORIGIN_MS = 1_764_000_000_000
const START = '2026-11-25T23:40:00Z'
const START_US = Date.parse(START) * 1000

/** A machine whose wall clock is so many seconds after the origin, and whose steady clock began at some other time. */
function machineAt(seconds: number): { machine: Clock; pass: (seconds: number) => void } {
  let passedUs = 0
  const machine = { wallUs: () => ORIGIN_MS * 1000 + seconds * 1e6 + passedUs, steadyUs: () => 77 + passedUs, rate: 1 }
  return {
    machine,
    pass: (more) => {
      passedUs += more * 1e6
    },
  }
}

describe('parseClockStart', () => {
  it('reads a time with its zone, and the moment after @', () => {
    expect(parseClockStart(`${START}@${ORIGIN_MS}`, 5)).toEqual({ startUs: START_US, originUs: ORIGIN_MS * 1000 })
    expect(parseClockStart('2026-11-25T18:40:00-05:00', 5)).toEqual({ startUs: START_US, originUs: 5 })
  })

  it.each(['', 'soon', '2026-11-25T23:40:00', '2026-11-25T23:40:00Z@', '2026-11-25T23:40:00Z@noon', 'Z'])('refuses %j', (text) => {
    expect(parseClockStart(text, 5)).toBeUndefined()
  })
})

describe('openClock', () => {
  it('agrees with a clock that was opened earlier from the same origin', () => {
    const start = parseClockStart(`${START}@${ORIGIN_MS}`, 0)
    const early = machineAt(2)
    const earlyClock = openClock(start, 60, early.machine)
    early.pass(8)
    const lateClock = openClock(start, 60, machineAt(10).machine)
    expect(earlyClock.wallUs()).toBe(START_US + 600e6)
    expect(lateClock.wallUs()).toBe(earlyClock.wallUs())
  })

  it('is the machine without a start', () => {
    const { machine } = machineAt(0)
    expect(openClock(undefined, 60, machine)).toBe(machine)
  })
})

describe('afterSeconds', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const machine: Clock = { wallUs: () => Date.now() * 1_000, steadyUs: () => performance.now() * 1_000, rate: 1 }
  const DAY_MS = 86_400_000

  it('regression: what lasts 30 days ended after 24.8, as long as a timer can wait', () => {
    let ended = false
    afterSeconds(machine, (30 * DAY_MS) / 1_000, () => {
      ended = true
    })
    jest.advanceTimersByTime(30 * DAY_MS - 1_000)
    expect(ended).toBe(false)
    jest.advanceTimersByTime(2_000)
    expect(ended).toBe(true)
  })

  it('can be cancelled also after the first timer', () => {
    let ended = false
    const cancel = afterSeconds(machine, (30 * DAY_MS) / 1_000, () => {
      ended = true
    })
    jest.advanceTimersByTime(25 * DAY_MS)
    cancel()
    jest.advanceTimersByTime(10 * DAY_MS)
    expect(ended).toBe(false)
  })
})

describe('the environment', () => {
  it('sets the clock; a rate counts only together with a start', () => {
    expect(parseCommandLine([], { CLOCK_START: START, CLOCK_RATE: '60' }).options).toMatchObject({ clockStart: START, clockRate: 60 })
    expect(parseCommandLine([], { CLOCK_RATE: '60' }).options).not.toHaveProperty('clockRate')
    expect(() => resolveOptions({ clockRate: 60 })).toThrow('--clock-rate counts only together with --clock-start')
    expect(() => resolveOptions({ clockStart: '2026-11-25T23:40:00' })).toThrow('--clock-start must be a time with its zone')
  })
})
