import { expect, it } from '@jest/globals'
import { connectBus } from '../src/connection.ts'
import { askForStream, lookUpContracts, resolveContract } from '../src/ingest-requests.ts'
import { SecuredNats } from './security/secured-nats.ts'

it('tells apart, by code, an ingest that does not answer and a server that does not let us ask', async () => {
  await using nats = await SecuredNats.start()
  const busOf = (name: string) => connectBus({ url: nats.url, name, credentials: nats.credentials })
  await using queryApi = await busOf('query-api')
  await using keeper = await busOf('keeper')
  const asked = { cid: 1, tt: 'last' } as const
  const away = {
    ok: false,
    code: 'IBS_BUS_NO_ANSWER',
    message: expect.stringMatching(/^ingest does not answer \(.*; look whether it runs/),
  }
  for (const answer of [lookUpContracts(queryApi, { cid: 1 }), resolveContract(queryApi, 'AAPL'), askForStream(queryApi, asked)])
    expect(await answer).toEqual(away)
  const refused = { ok: false, code: 'IBS_BUS_NOT_AUTHORIZED', message: expect.stringMatching(/^nats-server does not let us ask on ib\./) }
  for (const answer of [lookUpContracts(keeper, { cid: 1 }), resolveContract(keeper, 'AAPL'), askForStream(keeper, asked)])
    expect(await answer).toEqual(refused)
}, 60_000)
