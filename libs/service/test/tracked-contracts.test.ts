import { describe, expect, it } from '@jest/globals'
import { parseTrackedContracts } from '../src/tracked-contracts.ts'

describe('parseTrackedContracts', () => {
  it('reads the form of the Python system', () => {
    expect(parseTrackedContracts('711280073:MNQ:bid_ask;last:24, 265598:AAPL')).toEqual({
      problems: [],
      contracts: [
        { cid: 711280073, symbol: 'MNQ', tickTypes: ['bid_ask', 'last'], bufferHours: 24 },
        { cid: 265598, symbol: 'AAPL', tickTypes: ['bid_ask', 'last'], bufferHours: 1 },
      ],
    })
  })

  it('takes an empty text as none', () => {
    expect(parseTrackedContracts('')).toEqual({ contracts: [], problems: [] })
  })

  it.each([
    ['711280073', 'the form is'],
    ['1:A:last:2:3', 'the form is'],
    ['x:MNQ', '"x" is no contract id'],
    ['4294967296:MNQ', 'is no contract id'],
    ['5:', 'the symbol is missing'],
    ['5:A:BidAsk', '"BidAsk" is none of'],
    ['5:A:last:0', '"0" is no number of hours'],
    ['5:A,5:B', 'named twice'],
  ])('says what is wrong with %s', (text, problem) => {
    const { problems } = parseTrackedContracts(text)
    expect(problems.join()).toContain(problem)
  })
})
