import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FillWalk, type PageRequest } from '../../src/backfill/fill-walk.ts'
import type { Seconds } from '../../src/backfill/fill-window.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const PAGE = 1_000

/** Trading days of some hours each, with a tick every so many seconds, and an IB that has nothing for a moment at which the market is closed. */
function market(sessions: readonly Seconds[], everySeconds: number) {
  const ticksOf = ({ fromSecond, toSecond }: Seconds) =>
    Array.from({ length: Math.ceil((toSecond + 1 - fromSecond) / everySeconds) }, (_, i) => fromSecond + i * everySeconds)
  const all = sessions.flatMap(ticksOf)
  let asked = 0
  const page = (request: PageRequest): number[] => {
    asked += 1
    const backward = 'endSecond' in request
    const anchor = backward ? request.endSecond - 1 : request.startSecond
    const session = sessions.find(({ fromSecond, toSecond }) => anchor >= fromSecond && anchor <= toSecond)
    if (!session) return []
    return backward
      ? ticksOf(session)
          .filter((second) => second <= anchor)
          .slice(-PAGE)
      : ticksOf(session)
          .filter((second) => second >= anchor)
          .slice(0, PAGE)
  }
  /** Seconds of ticks that the walk over a window finds in what it takes as covered. */
  const walked = (window: Seconds) => {
    const walk = new FillWalk(window)
    const found = new Set<number>()
    for (let request = walk.next; request; request = walk.next) {
      const seconds = page(request)
      const covered = walk.take(seconds)
      for (const second of seconds) if (covered && second >= covered.fromSecond && second <= covered.toSecond) found.add(second)
    }
    return [...found].sort((a, b) => a - b)
  }
  const inside = ({ fromSecond, toSecond }: Seconds) => all.filter((second) => second >= fromSecond && second <= toSecond)
  return { walked, inside, asked: () => asked }
}

const days = (count: number, openHours: number): Seconds[] =>
  Array.from({ length: count }, (_, day) => ({ fromSecond: day * DAY, toSecond: day * DAY + openHours * HOUR - 1 }))

describe('FillWalk', () => {
  it('regression: of an absence over three sessions or more only the first and the last were read, and all counted as filled', () => {
    const { walked, inside } = market(days(5, 6.5), 10)
    const window = { fromSecond: 2 * HOUR, toSecond: 4 * DAY + HOUR }
    expect(walked(window)).toEqual(inside(window))
  })

  it('property: every session that is no shorter than its steps is found, wherever the window begins and ends', () => {
    const session = fc.record({ closedHours: fc.integer({ min: 1, max: 60 }), openHours: fc.integer({ min: 4, max: 23 }) })
    fc.assert(
      fc.property(
        fc.array(session, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 7, max: 60 }),
        fc.nat(100_000),
        fc.nat(100_000),
        (drawn, every, from, to) => {
          let second = 0
          const sessions = drawn.map(({ closedHours, openHours }) => {
            const fromSecond = second + closedHours * HOUR
            second = fromSecond + openHours * HOUR
            return { fromSecond, toSecond: second - 1 }
          })
          const { walked, inside } = market(sessions, every)
          const window = { fromSecond: Math.floor((from / 100_000) * second), toSecond: Math.ceil((to / 100_000) * second) }
          fc.pre(window.fromSecond <= window.toSecond)
          // A rest of a session at either end may be shorter than a step; the walk begins at both.
          expect(walked(window)).toEqual(inside(window))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('a night without anything costs a handful of requests, a weekend some more', () => {
    const night = market([], 1)
    night.walked({ fromSecond: 0, toSecond: 8 * HOUR })
    expect(night.asked()).toBeLessThanOrEqual(4)
    const weekend = market([], 1)
    weekend.walked({ fromSecond: 0, toSecond: 65 * HOUR })
    expect(weekend.asked()).toBeLessThanOrEqual(20)
  })
})
