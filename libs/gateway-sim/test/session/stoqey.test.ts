import { describe, expect, it } from '@jest/globals'
import { EventName, type IBApi, SecType } from '@stoqey/ib'
import { startGatewaySim } from '../../src/index.ts'
import { StoqeyClient } from '../client/stoqey-client.ts'

const BOND = 594126321
const ACCOUNT = 'DU1234567'

/** What else the library can ask, beside contract details, ticks and their history: the request, the event that answers, and its arguments. */
const ASKED: readonly (readonly [what: string, ask: (ib: IBApi) => unknown, answer: EventName, args: readonly unknown[]])[] = [
  ['an order id', (ib) => ib.reqIds(), EventName.nextValidId, [1]],
  ['its accounts', (ib) => ib.reqManagedAccts(), EventName.managedAccounts, [ACCOUNT]],
  ['positions', (ib) => ib.reqPositions(), EventName.positionEnd, []],
  ['open orders', (ib) => ib.reqOpenOrders(), EventName.openOrderEnd, []],
  ['all open orders', (ib) => ib.reqAllOpenOrders(), EventName.openOrderEnd, []],
  ['completed orders', (ib) => ib.reqCompletedOrders(false), EventName.completedOrdersEnd, []],
  ['account updates', (ib) => ib.reqAccountUpdates(true, ACCOUNT), EventName.accountDownloadEnd, [ACCOUNT]],
  ['account updates of a model', (ib) => ib.reqAccountUpdatesMulti(41, ACCOUNT, '', false), EventName.accountUpdateMultiEnd, ['41']],
  ['executions', (ib) => ib.reqExecutions(42, {}), EventName.execDetailsEnd, [42]],
  ['an account summary', (ib) => ib.reqAccountSummary(43, 'All', 'NetLiquidation'), EventName.accountSummaryEnd, [43]],
  [
    'an option chain',
    (ib) => ib.reqSecDefOptParams(44, 'AAPL', '', SecType.STK, 265598),
    EventName.securityDefinitionOptionParameterEnd,
    [44],
  ],
  [
    'symbols',
    (ib) => ib.reqMatchingSymbols(45, 'AAP'),
    EventName.symbolSamples,
    [45, expect.arrayContaining([expect.objectContaining({ contract: expect.objectContaining({ conId: 265598, symbol: 'AAPL' }) })])],
  ],
  ['a market rule', (ib) => ib.reqMarketRule(26), EventName.marketRule, [26, [{ lowEdge: 0, increment: 0.01 }]]],
  ['the user', (ib) => ib.reqUserInfo(46), EventName.userInfo, [46, '']],
  [
    'a bond',
    (ib) => ib.reqContractDetails(47, { conId: BOND }),
    EventName.bondContractDetails,
    [47, expect.objectContaining({ minTick: expect.any(Number) })],
  ],
]

describe('@stoqey/ib asks for', () => {
  it.each(ASKED)('%s', async (_, ask, answer, args) => {
    await using sim = await startGatewaySim({ port: 0 })
    await using client = await new StoqeyClient(sim.port).connect()
    const before = client.all(answer).length
    ask(client.ib)
    await client.until(() => client.all(answer).length > before, answer)
    expect(client.all(answer).at(-1)?.slice(0, args.length)).toEqual(args)
    client.ib.reqCurrentTime() // answered after all that went before
    await client.next(EventName.currentTime)
    expect(client.all(EventName.error)).toEqual([])
  })

  it('the top of the book in delayed data: the type that it gets, and that the account has none', async () => {
    await using sim = await startGatewaySim({ port: 0 })
    await using client = await new StoqeyClient(sim.port).connect()
    client.ib.reqMarketDataType(3)
    client.ib.reqMktData(50, { conId: 265598, symbol: 'AAPL', secType: SecType.STK, exchange: 'SMART', currency: 'USD' }, '', false, false)
    await client.until(() => client.all(EventName.error).length > 0, 'the refusal')
    expect(client.all(EventName.marketDataType)).toEqual([[50, 3]])
    expect(client.all(EventName.error).map(([, code, id]) => [code, id])).toEqual([[354, 50]])
    client.ib.cancelMktData(50)
    await client.until(() => client.all(EventName.error).length > 1, 'the cancel of nothing')
    expect(client.all(EventName.error).at(-1)?.slice(1, 3)).toEqual([300, 50])
  })

  it('nothing that needs an answer, and the session goes on', async () => {
    await using sim = await startGatewaySim({ port: 0 })
    await using client = await new StoqeyClient(sim.port, 0).connect()
    for (const ask of [
      () => client.ib.setServerLogLevel(5),
      () => client.ib.reqAutoOpenOrders(true),
      () => client.ib.cancelPositions(),
      () => client.ib.cancelAccountSummary(43),
      () => client.ib.cancelAccountUpdatesMulti(41),
      () => client.ib.reqAccountUpdates(false, ACCOUNT),
    ])
      ask()
    client.ib.reqCurrentTime()
    await client.next(EventName.currentTime)
    expect([client.all(EventName.error), client.ib.isConnected]).toEqual([[], true])
  })
})
