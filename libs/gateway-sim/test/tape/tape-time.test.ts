import { expect, it } from '@jest/globals'
import type { Clock } from '../../src/clock.ts'
import { TapeTime } from '../../src/tape/tape-time.ts'

class HandClock implements Clock {
  wall = 1_000_000_000
  steady = 0
  readonly rate = 1
  wallUs = () => this.wall
  steadyUs = () => this.steady

  pass(us: number): void {
    this.wall += us
    this.steady += us
  }
}

it('stands still while paused, and wall time goes on from now afterwards', () => {
  const clock = new HandClock()
  const time = new TapeTime(clock)
  clock.pass(500)
  expect(time.moment()).toEqual({ tapeUs: 0, wallUs: clock.wall })
  time.start()
  clock.pass(300)
  expect(time.moment()).toEqual({ tapeUs: 300, wallUs: clock.wall })
  time.pause()
  clock.pass(10_000)
  expect(time.moment().tapeUs).toBe(300)
  time.start()
  clock.pass(50)
  expect(time.moment()).toEqual({ tapeUs: 350, wallUs: clock.wall })
})

it('does not follow a wall clock that steps while it runs', () => {
  const clock = new HandClock()
  const time = new TapeTime(clock)
  time.start()
  clock.pass(300)
  const before = clock.wall
  clock.wall -= 5_000_000
  expect(time.moment()).toEqual({ tapeUs: 300, wallUs: before })
})
