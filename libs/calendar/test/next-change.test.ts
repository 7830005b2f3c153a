import { expect, it } from '@jest/globals'
import { contractCalendar, nextClose, nextOpen, previousClose } from '../src/index.ts'
import { FUTURE, STOCK, us } from './tellings.ts'

const stock = contractCalendar(STOCK)
const future = contractCalendar(FUTURE)

it('finds the next opening and close of each kind of hours', () => {
  const at = us('2025-11-24T12:00-05:00')
  expect(nextOpen(stock, 'regular', at)).toBe(us('2025-11-25T09:30-05:00'))
  expect(nextClose(stock, 'regular', at)).toBe(us('2025-11-24T16:00-05:00'))
  expect(nextClose(stock, 'full', at)).toBe(us('2025-11-24T20:00-05:00'))
  expect(nextOpen(future, 'full', us('2025-05-24T12:00-05:00'))).toBe(us('2025-05-25T17:00-05:00'))
})

it('an opening at the instant itself is past, a close at it too', () => {
  expect(nextOpen(stock, 'full', us('2025-11-24T04:00-05:00'))).toBe(us('2025-11-25T04:00-05:00'))
  expect(nextClose(stock, 'full', us('2025-11-24T20:00-05:00'))).toBe(us('2025-11-25T20:00-05:00'))
})

it('spans that touch neither close nor open in between', () => {
  const calendar = contractCalendar({ ...STOCK, tradingHours: '20251124:0700-1830,1830-2330;20251125:CLOSED' })
  expect(nextClose(calendar, 'full', us('2025-11-24T12:00-05:00'))).toBe(us('2025-11-24T23:30-05:00'))
  expect(nextOpen(calendar, 'full', us('2025-11-24T12:00-05:00'))).toBeUndefined()
})

it('a market around the clock has no close within what was told', () => {
  const calendar = contractCalendar({ ...STOCK, tradingHours: '20251124:0000-20251125:0000;20251125:0000-20251126:0000' })
  expect(nextClose(calendar, 'full', us('2025-11-24T12:00-05:00'))).toBeUndefined()
})

it('finds the close before: of yesterday, of Friday over a holiday weekend', () => {
  expect(previousClose(stock, 'regular', us('2025-11-25T12:00-05:00'))).toBe(us('2025-11-24T16:00-05:00'))
  expect(previousClose(stock, 'regular', us('2025-11-28T09:00-05:00'))).toBe(us('2025-11-26T16:00-05:00'))
  expect(previousClose(stock, 'regular', us('2025-11-30T12:00-05:00'))).toBe(us('2025-11-28T13:00-05:00'))
  expect(previousClose(stock, 'regular', us('2025-11-24T16:00-05:00'))).toBe(us('2025-11-24T16:00-05:00'))
})

it('gives nothing where IB has not told', () => {
  expect(previousClose(stock, 'regular', us('2025-11-24T12:00-05:00'))).toBeUndefined()
  for (const find of [nextOpen, nextClose, previousClose]) expect(find(stock, 'full', us('2026-11-24T12:00-05:00'))).toBeUndefined()
})
