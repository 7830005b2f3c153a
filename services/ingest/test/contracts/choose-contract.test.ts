import { type Contract, type ContractName, parseContractName } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { chooseContract } from '../../src/contracts/choose-contract.ts'

const DAY_US = 86_400_000_000
const us = (iso: string) => Date.parse(iso) * 1_000
const named = (text: string): ContractName => {
  const name = parseContractName(text)
  if ('problem' in name) throw new Error(name.problem)
  return name
}
const contract = (cid: number, given: Partial<Contract>): Contract => ({
  cid,
  symbol: 'X',
  secType: 'STK',
  exchange: 'SMART',
  currency: 'USD',
  timeZoneId: 'US/Central',
  tradingHours: '',
  liquidHours: '',
  askedUs: 0,
  ...given,
})
const future = (cid: number, lastTradeDate: string, given: Partial<Contract> = {}) =>
  contract(cid, {
    symbol: 'MNQ',
    secType: 'FUT',
    exchange: 'CME',
    tradingClass: 'MNQ',
    multiplier: 2,
    localSymbol: `MNQ${cid}`,
    lastTradeDate,
    ...given,
  })

const SERIES = [future(3, '20261218 08:30 US/Central'), future(2, '20260918 08:30 US/Central'), future(4, '20270319 08:30 US/Central')]
const choose = (name: string, contracts: readonly Contract[], at = '2026-11-24T15:00:00Z', overlapMs = 43_200_000) => {
  const meaning = chooseContract(named(name), contracts, { roll: { daysBefore: 8, overlapMs }, nowUs: us(at) })
  return 'problem' in meaning ? meaning.problem : [meaning.contract.cid, meaning.beside?.cid]
}

describe('chooseContract', () => {
  it.each([
    ['the front long before its roll', '2026-11-24T15:00:00Z', [3, undefined]],
    ['the next one beside it from the overlap on', '2026-12-09T18:00:00Z', [3, 4]], // the roll is 2026-12-10 00:00 in Chicago
    ['the next one as the front from the roll on, the old one beside it', '2026-12-10T06:00:00Z', [4, 3]],
    ['the next one alone after the overlap', '2026-12-10T18:00:00Z', [4, undefined]],
  ])('gives %s', (_, at, wanted) => {
    expect(choose('MNQ.front', SERIES, at)).toEqual(wanted)
  })

  it('never has a contract beside the front that is over', () => {
    expect(choose('MNQ.front', SERIES, '2026-12-19T00:00:00Z', 20 * (DAY_US / 1_000))).toEqual([4, undefined])
  })

  it('says that a series is over instead of naming one of its contracts', () => {
    expect(choose('MNQ.front', [future(2, '20260918 08:30 US/Central')])).toContain('every expiry that IB told is over')
  })

  it('regression: threw, and ingest ended, for an end in a form or zone that nobody knows', () => {
    expect(choose('MNQ.front', [...SERIES, future(9, '202701'), future(10, 'every third Friday')])).toEqual([3, undefined])
    const inNoZone = SERIES.map(
      (one) =>
        ({ ...one, timeZoneId: 'Mars/Olympus', lastTradeDate: one.lastTradeDate?.replace('US/Central', 'Mars/Olympus') }) as Contract,
    )
    expect(choose('MNQ.front', inNoZone)).toEqual([3, undefined])
    expect(choose('MNQ.front', [future(9, '202701')])).toContain('or cannot be read')
  })

  it('takes the share in dollars of what has one symbol', () => {
    const others = [contract(8, { secType: 'IND', exchange: 'CBOE' }), contract(9, { currency: 'MXN' })]
    expect(choose('X', [...others, contract(7, {})])).toEqual([7, undefined])
  })

  it('takes the class that is called like the symbol', () => {
    const mini = future(5, '20261218', { symbol: 'SI', tradingClass: 'SIL', multiplier: 1_000 })
    expect(choose('SI.front', [mini, future(6, '20261218', { symbol: 'SI', tradingClass: 'SI', multiplier: 5_000 })])).toEqual([
      6,
      undefined,
    ])
  })

  it('names the candidates where it cannot choose, and how to', () => {
    expect(choose('FUT MNQ', SERIES)).toBe(
      'FUT MNQ may be 3 (FUT MNQ3 CME USD), 2 (FUT MNQ2 CME USD), 4 (FUT MNQ4 CME USD); name one by its id, add exchange, currency or expiry, or MNQ.front',
    )
    const two = [
      future(5, '20261218', { exchange: 'EUREX', tradingClass: 'A' }),
      future(6, '20261218', { exchange: 'CBOT', tradingClass: 'B' }),
    ]
    expect(choose('MNQ.front', two)).toContain('may be 5 (FUT MNQ5 EUREX USD), 6 (FUT MNQ6 CBOT USD)')
  })
})
