import { describe, expect, it } from '@jest/globals'
import { parseContractData, parseTickByTick } from '../../src/wire/request.ts'

const words = (line: string) => line.split('|')

describe('parseTickByTick', () => {
  // id, reqId, conId, symbol, secType, expiry, strike, right, multiplier, exchange, primaryExch, currency, localSymbol, tradingClass, kind, n, ignoreSize
  it.each([
    ['@stoqey/ib', '97|7|265598||||||||||||AllLast|0|0'],
    ['Python 10.30 and ib_async', '97|7|265598||||0.0||||||||AllLast|0|0'],
  ])('reads what %s sends', (_client, line) => {
    expect(parseTickByTick(words(line))).toMatchObject({ requestId: 7, kind: 'AllLast', contract: { conId: 265598, symbol: '' } })
  })

  it('takes 0 and "" as no contract id', () => {
    for (const conId of ['', '0']) {
      const request = parseTickByTick(words(`97|7|${conId}|IBM|STK||0.0|||SMART|NYSE|USD|||Last|0|0`))
      expect(request.contract).toEqual({
        conId: undefined,
        symbol: 'IBM',
        secType: 'STK',
        expiry: '',
        exchange: 'SMART',
        primaryExchange: 'NYSE',
        currency: 'USD',
        localSymbol: '',
        tradingClass: '',
        strike: undefined,
        right: '',
        multiplier: '',
      })
    }
  })

  it('names the field that should be a number', () => {
    expect(() => parseTickByTick(words('97|seven|265598'))).toThrow('field 1 of request tickByTick must be an integer, not "seven"')
  })
})

it('parseContractData reads version 8', () => {
  const request = parseContractData(words('9|8|9001|0|MNQ|FUT|202609|0.0|||CME||USD|MNQU6|MNQ|0||||'))
  expect(request).toMatchObject({
    requestId: 9001,
    contract: { symbol: 'MNQ', secType: 'FUT', expiry: '202609', exchange: 'CME', localSymbol: 'MNQU6', tradingClass: 'MNQ' },
  })
})
