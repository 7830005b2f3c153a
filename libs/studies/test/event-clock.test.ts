import { contractCalendar } from '@ib-stream/calendar'
import { expect, it } from '@jest/globals'
import { EventClock } from '../src/event-clock.ts'
import { START_US, trade } from './ticks.ts'

const SECOND_US = 1_000_000
const tickAt = (second: number, stSecond = second, bf?: true) => ({
  ...trade(second, 10, 1),
  st: START_US + stSecond * SECOND_US,
  ...(bf && { bf }),
})

it('never goes back: a tick that is behind counts at the latest time, and is counted as late', () => {
  const clock = new EventClock('ts')
  const times = [0, 5, 3, 5, 6].map((second) => {
    clock.advance(tickAt(second))
    return (clock.nowUs - START_US) / SECOND_US
  })
  expect(times).toEqual([0, 5, 5, 5, 6])
  expect(clock.late).toBe(1)
})

it('by `st` takes our stamp, but IB’s for a backfilled tick, which we had days later', () => {
  const clock = new EventClock('st')
  clock.advance(tickAt(1, 1.25))
  expect(clock.nowUs).toBe(START_US + 1_250_000)
  clock.advance(tickAt(2, 86_400, true))
  expect(clock.nowUs).toBe(START_US + 2 * SECOND_US)
  expect(clock.tsUs).toBe(START_US + 2 * SECOND_US)
})

it('without a calendar there is no session, and none ends', () => {
  const clock = new EventClock('ts')
  for (const second of [0, 86_400, 900_000]) {
    expect(clock.endsSession(tickAt(second))).toBe(false)
    clock.advance(tickAt(second))
  }
  expect([clock.session, clock.sessionStartUs]).toEqual([null, null])
})

it('tells a session’s end by the first tick of the next, not of a break, and goes to null where nothing was told', () => {
  const calendar = contractCalendar({
    timeZoneId: 'UTC',
    tradingHours: '20250730:1300-20250730:1405,20250730:1410-20250730:1500;20250730:1600-20250731:1500',
    liquidHours: '',
  })
  const clock = new EventClock('ts', { calendar, kind: 'full' })
  const seen = [0, 360, 660, 3_600, 7_199, 7_200, 3 * 86_400].map((second) => {
    const ends = clock.endsSession(tickAt(second))
    clock.advance(tickAt(second))
    return [ends, clock.session]
  })
  expect(seen).toEqual([
    [false, '2025-07-30'],
    [false, '2025-07-30'],
    [false, '2025-07-30'],
    [false, '2025-07-30'],
    [false, '2025-07-30'],
    [true, '2025-07-31'],
    [true, null],
  ])
  expect(clock.sessionStartUs).toBeNull()
})

it('a late tick of the session before does not open it again', () => {
  const hours = '20250730:1300-20250730:1410;20250730:1410-20250731:1300'
  const calendar = contractCalendar({ timeZoneId: 'UTC', tradingHours: hours, liquidHours: hours })
  const clock = new EventClock('ts', { calendar, kind: 'full' })
  const seen = [599, 600, 599, 601].map((second) => {
    const ends = clock.endsSession(tickAt(second))
    clock.advance(tickAt(second))
    return [ends, clock.session]
  })
  expect(seen).toEqual([
    [false, '2025-07-30'],
    [true, '2025-07-31'],
    [false, '2025-07-31'],
    [false, '2025-07-31'],
  ])
})
