import { describe, expect, it } from '@jest/globals'
import { parseTrackedContracts } from '../src/tracked-contracts.ts'

describe('parseTrackedContracts', () => {
  it('reads the form of the Python system', () => {
    expect(parseTrackedContracts('711280073:MNQ:bid_ask;last:24, 265598:AAPL')).toEqual({
      problems: [],
      contracts: [
        { name: '711280073', symbol: 'MNQ', tickTypes: ['bid_ask', 'last'], bufferHours: 24 },
        { name: '265598', symbol: 'AAPL', tickTypes: ['bid_ask', 'last'], bufferHours: 1 },
      ],
    })
  })

  it('takes a name instead of id and symbol, with and without what follows', () => {
    const { contracts, problems } = parseTrackedContracts('aapl, MNQ.front:bid_ask;last:24, FUT ES CME 202612:ES Dec:all_last')
    expect(problems).toEqual([])
    expect(contracts).toEqual([
      { name: 'AAPL', symbol: 'AAPL', tickTypes: ['bid_ask', 'last'], bufferHours: 1 },
      { name: 'MNQ.front', symbol: 'MNQ.front', tickTypes: ['bid_ask', 'last'], bufferHours: 24 },
      { name: 'FUT ES CME 202612', symbol: 'ES Dec', tickTypes: ['all_last'], bufferHours: 1 },
    ])
  })

  it('takes an empty text as none', () => {
    expect(parseTrackedContracts('')).toEqual({ contracts: [], problems: [] })
  })

  it.each([
    ['711280073', 'the form is'],
    ['1:A:last:2:3', 'the form is'],
    ['FUT MNQ CME CME', '"CME" cannot be read'],
    ['OPT AAPL front', 'only futures'],
    ['aapl:last,AAPL', 'named twice'],
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
