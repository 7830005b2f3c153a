import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseContractName } from '../src/contract-name.ts'

describe('parseContractName', () => {
  it.each([
    ['265598', '265598', { cid: 265598 }, false],
    [' aapl ', 'AAPL', { symbol: 'AAPL' }, false],
    ['mnq.FRONT', 'MNQ.front', { symbol: 'MNQ', secType: 'FUT' }, true],
    ['FUT MNQ front', 'MNQ.front', { symbol: 'MNQ', secType: 'FUT' }, true],
    ['FUT DAX EUREX front', 'FUT DAX EUREX front', { symbol: 'DAX', secType: 'FUT', exchange: 'EUREX' }, true],
    ['fut mnq cme 202612', 'FUT MNQ CME 202612', { secType: 'FUT', symbol: 'MNQ', exchange: 'CME', expiry: '202612' }, false],
    ['STK "BRK B" usd', 'STK "BRK B" USD', { secType: 'STK', symbol: 'BRK B', currency: 'USD' }, false],
    [
      'OPT AAPL 20261218 200 C',
      'OPT AAPL 20261218 200 C',
      { secType: 'OPT', symbol: 'AAPL', expiry: '20261218', strike: 200, right: 'C' },
      false,
    ],
    ['OPT AAPL SMART 20261218 182.5P', 'OPT AAPL SMART 20261218 182.5 P', expect.objectContaining({ strike: 182.5, right: 'P' }), false],
    ['"brk b".Front', '"BRK B".front', { symbol: 'BRK B', secType: 'FUT' }, true],
    ['FUT', 'FUT', { symbol: 'FUT' }, false], // a symbol, as a type alone says nothing
  ])('reads %s', (text, spelling, query, isFront) => {
    expect(parseContractName(text)).toEqual({ text: spelling, query, isFront })
  })

  it.each([
    ['', 'a contract is named by'],
    ['0', 'no contract id'],
    ['4294967296', 'no contract id'],
    ['265598 AAPL', 'no contract id'],
    ['.front', 'the symbol is missing'],
    ['STK AAPL front', 'only futures'],
    ['FUT MNQ 202612 front', 'leave 202612 or front out'],
    ['FUT MNQ CME CBOT', '"CBOT" cannot be read'],
    ['AAPL $5', '"$5" cannot be read'],
  ])('says what is wrong with "%s"', (text, problem) => {
    expect(parseContractName(text)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('property: its own spelling reads as the same', () => {
    const word = fc.oneof(
      fc.constantFrom('FUT', 'STK', 'MNQ', 'front', 'CME', '202612', '20', 'C', 'USD', '"BRK B"', 'ES.front'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const name = parseContractName(words.join(' '))
        if (!('problem' in name)) expect(parseContractName(name.text)).toEqual(name)
      }),
      { numRuns: 1_000 },
    )
  })
})
