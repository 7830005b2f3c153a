import { describe, expect, it } from '@jest/globals'
import type { SimContract } from '../../src/contract/contract.ts'
import { cmeHolidays, usStockHolidays } from '../../src/contract/holidays.ts'
import { futuresAround } from '../../src/contract/listing/futures.ts'
import { OTHERS } from '../../src/contract/listing/others.ts'
import { STOCKS } from '../../src/contract/listing/stocks.ts'
import { ibHours } from '../../src/contract/trading-hours.ts'

const hoursOf = ({ tradingHours, holidays }: SimContract, day: string) => ibHours(tradingHours, holidays, day)
const contractOf = (conId: number): SimContract => {
  const found = [...STOCKS, ...OTHERS, ...futuresAround(new Date('2026-11-26'))].find((contract) => contract.conId === conId)
  if (found === undefined) throw new Error(`no contract ${conId}`)
  return found
}

describe('ibHours', () => {
  it('closes a stock market at the weekend and on a holiday', () => {
    expect(ibHours([{ opens: '0930', closes: '1600' }], usStockHolidays, '2025-05-22')).toBe(
      [
        '20250522:0930-20250522:1600',
        '20250523:0930-20250523:1600',
        '20250524:CLOSED',
        '20250525:CLOSED',
        '20250526:CLOSED',
        '20250527:0930-20250527:1600',
        '20250528:0930-20250528:1600',
      ].join(';'),
    )
  })

  it('opens a future on the evening before, on Sunday for Monday, and ends at noon on a holiday', () => {
    expect(ibHours([{ opens: '1700', closes: '1600' }], cmeHolidays, '2025-05-21')).toBe(
      [
        '20250520:1700-20250521:1600',
        '20250521:1700-20250522:1600',
        '20250522:1700-20250523:1600',
        '20250524:CLOSED',
        '20250525:1700-20250526:1200',
        '20250526:1700-20250527:1600',
      ].join(';'),
    )
  })

  it('ends a share early on the day after Thanksgiving, which is closed', () => {
    expect(hoursOf(contractOf(265598), '2026-11-25')).toMatch(
      /^20261125:0400-20261125:2000;20261126:CLOSED;20261127:0400-20261127:1700;20261128:CLOSED;/,
    )
  })

  const AAPL = 265598
  const SPX = 416904
  const [MNQ, CL] = ['MNQ', 'CL'].map(
    (symbol) => futuresAround(new Date('2026-11-26')).find((future) => future.symbol === symbol)?.conId ?? 0,
  )
  it.each([
    ['a share on a half day', AAPL, '2026-11-27', '0930-20261127:1300'],
    ['an index in Chicago on the same', SPX, '2026-11-27', '0830-20261127:1200'],
    ['a share before Independence Day', AAPL, '2025-07-03', '0930-20250703:1300'],
    ['a share when that day is kept on the day before', AAPL, '2026-07-03', 'CLOSED'],
    ['an index future on Thanksgiving', MNQ, '2026-11-26', '0830-20261126:1200'],
    ['one of oil on Thanksgiving', CL, '2026-11-26', '0900-20261126:1430'],
    ['one of oil on the day after', CL, '2026-11-27', '0900-20261127:1345'],
  ])('has the liquid hours of %s', (_, conId = 0, day, hours) => {
    const { liquidHours, holidays } = contractOf(conId)
    expect(ibHours(liquidHours, holidays, day).split(';')[0]).toBe(`${day.replaceAll('-', '')}:${hours}`)
  })

  it('has two sessions where there is a lunch break, and a week of evenings for a currency', () => {
    expect(hoursOf(contractOf(14016519), '2026-11-25')).toMatch(/^20261125:0900-20261125:1130;20261125:1230-20261125:1530;20261126:/)
    expect(hoursOf(contractOf(12087792), '2026-12-24')).toBe(
      '20261223:1715-20261224:1700;20261225:CLOSED;20261226:CLOSED;20261227:1715-20261228:1700;20261228:1715-20261229:1700;20261229:1715-20261230:1700',
    )
  })
})
