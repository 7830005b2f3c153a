import { expect, test } from '@jest/globals'
import { type ClientFacts, ClientRegistry } from '../../src/clients/client-registry.ts'

const facts = (more: Partial<ClientFacts> = {}): ClientFacts => ({
  kind: 'sse',
  address: '10.0.0.1',
  key: undefined,
  requestId: 'r',
  ...more,
})
const refused = expect.objectContaining({ code: 'IBS_QUERY_TOO_MANY_STREAMS' })

test('streams are bounded by key, so that those behind one proxy do not share a limit, and by address where there is no key', () => {
  const clients = new ClientRegistry({ most: 100, mostOfCaller: 2 }, () => 0)
  for (const key of ['a', 'b', undefined]) for (let i = 0; i < 2; i++) clients.enter(facts({ key }))
  for (const key of ['a', 'b', undefined]) expect(() => clients.enter(facts({ key }))).toThrow(refused)
  expect(() => clients.enter(facts({ key: 'a', address: '10.0.0.2' }))).toThrow(refused)
  expect(clients.enter(facts({ address: '10.0.0.2' }))).toBeDefined()
})

test('who leaves makes room, and all together have a bound too', () => {
  const clients = new ClientRegistry({ most: 2, mostOfCaller: 10 }, () => 5)
  const [first] = [clients.enter(facts()), clients.enter(facts({ key: 'a' }))]
  expect(() => clients.enter(facts({ key: 'b' }))).toThrow(refused)
  first?.[Symbol.dispose]()
  expect(clients.enter(facts({ key: 'b' }))).toMatchObject({ sinceUs: 5, ticks: 0 })
  expect(clients.all.map(({ key }) => key)).toEqual(['a', 'b'])
})
