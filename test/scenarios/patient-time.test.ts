import { describe, expect, it } from '@jest/globals'
import { LONGEST_STALL_MS, type Machine, makeTimePatient, PatientTime } from './patient-time.ts'

/** A machine that is turned by hand: `run` gives it a turn of the event loop so many ms after the last one. */
function start() {
  let nowMs = 1_000
  const waiting = new Set<{ dueMs: number; work: () => void }>()
  const machine: Machine = {
    nowMs: () => nowMs,
    after: (ms, work) => {
      const timer = { dueMs: nowMs + ms, work, unref: () => undefined, close: () => void waiting.delete(timer) }
      waiting.add(timer)
      return timer
    },
  }
  const time = new PatientTime(machine)
  const run = (ms: number) => {
    nowMs += ms
    time.beat()
    for (const timer of [...waiting]) {
      if (timer.dueMs > nowMs) continue
      waiting.delete(timer)
      timer.work()
    }
  }
  return { time, run }
}

describe('PatientTime', () => {
  it('goes with the machine while turns are short', () => {
    const { time, run } = start()
    for (let i = 0; i < 50; i++) run(2)
    expect(time.nowMs()).toBe(1_100)
  })

  it('stands still in a stall but for its first three ms, in the middle of a turn too', () => {
    const { time, run } = start()
    run(5_000)
    expect(time.nowMs()).toBe(1_000 + LONGEST_STALL_MS)
    run(2)
    expect(time.nowMs()).toBe(1_000 + LONGEST_STALL_MS + 2)
  })

  it('lets timers wait for the time that a stall took', () => {
    const { time, run } = start()
    const fired: number[] = []
    time.after(30, () => fired.push(time.nowMs()))
    const every = time.after(20, () => fired.push(-time.nowMs()), true)
    run(5_000)
    expect(fired).toEqual([])
    for (let i = 0; i < 20; i++) run(2)
    every.cancel()
    expect(fired).toEqual([-1_021, 1_031, -1_041])
  })

  it('lets a timer begin anew while it waits and when it is over, but not once it was cancelled', () => {
    const { time, run } = start()
    const fired: number[] = []
    const timer = time.after(20, () => fired.push(time.nowMs()))
    const turns = (count: number) => {
      for (let i = 0; i < count; i++) run(2)
    }
    turns(8)
    timer.refresh()
    turns(9)
    expect(fired).toEqual([])
    turns(3)
    expect(fired).toEqual([1_036])
    timer.refresh()
    turns(20)
    expect(fired).toEqual([1_036, 1_060])
    timer.cancel()
    timer.refresh()
    turns(20)
    expect(fired).toHaveLength(2)
  })
})

it('regression: a test that made time patient gives it back, or clocks creep in all that its process runs after it', () => {
  const before = [Date.now, setTimeout, setInterval, clearTimeout, clearInterval]
  const giveBack = makeTimePatient()
  expect(Object.hasOwn(performance, 'now')).toBe(true)
  giveBack()
  expect(Object.hasOwn(performance, 'now')).toBe(false)
  expect([Date.now, setTimeout, setInterval, clearTimeout, clearInterval]).toEqual(before)
})
