import { expect, it } from '@jest/globals'
import { frontContract, parseExpiry, type RollRule, rollsIn } from '../src/index.ts'
import { us } from './tellings.ts'

const series = [
  ['20251219', 3],
  ['20250620', 1],
  ['20250919', 2],
].map(([date, cid]) => ({ cid: cid as number, expiry: parseExpiry(`${date} 08:30`, 'US/Central') }))
const rule: RollRule = { daysBefore: 8, timeZoneId: 'US/Central' }
const front = (iso: string, other: Partial<RollRule> = {}) => frontContract(series, { ...rule, ...other }, us(iso)).front.cid

it('the front is the earliest expiry whose roll is still to come', () => {
  expect(front('2025-06-11T23:59:59-05:00')).toBe(1)
  expect(front('2025-06-12T00:00-05:00')).toBe(2)
  expect(frontContract(series, rule, us('2025-06-01T00:00-05:00'))).toMatchObject({
    front: { cid: 1 },
    next: { cid: 2 },
    rollsAtUs: us('2025-06-12T00:00-05:00'),
  })
})

it('rolls at a time of day, in weekdays, or on the last day itself', () => {
  expect(front('2025-06-12T16:59-05:00', { minute: 17 * 60 })).toBe(1)
  expect(front('2025-06-12T17:00-05:00', { minute: 17 * 60 })).toBe(2)
  expect(front('2025-06-10T00:00-05:00', { count: 'weekdays' })).toBe(2)
  expect(front('2025-06-09T23:59-05:00', { count: 'weekdays' })).toBe(1)
  expect(front('2025-06-20T00:00-05:00', { daysBefore: 0 })).toBe(2)
})

it('the last known expiry stays the front until it expires, then there is none', () => {
  expect(front('2025-12-19T08:29-06:00')).toBe(3)
  expect(() => front('2025-12-19T08:30-06:00')).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_NO_FRONT' }))
  expect(() => frontContract([], rule, 0)).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_NO_FRONT' }))
})

it('lists the rolls of a range', () => {
  const range = { fromUs: us('2025-06-12T00:00-05:00'), untilUs: us('2025-12-31T00:00-06:00') }
  expect(rollsIn(series, rule, range).map(({ from, to, atUs }) => [from.cid, to.cid, atUs])).toEqual([
    [1, 2, us('2025-06-12T00:00-05:00')],
    [2, 3, us('2025-09-11T00:00-05:00')],
  ])
})

it.each([{ daysBefore: -1 }, { daysBefore: 1.5 }, { minute: 1440 }])('refuses the rule %j and names the field', (part) => {
  expect(() => front('2025-06-01T00:00Z', part)).toThrow(
    expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID', facts: expect.objectContaining({ field: Object.keys(part)[0] }) }),
  )
})
