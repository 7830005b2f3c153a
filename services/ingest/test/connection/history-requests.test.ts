import { openClock } from '@ib-stream/service'
import { expect, it } from '@jest/globals'
import type { IBApi } from '@stoqey/ib'
import { decodeHistory } from '../../src/backfill/history-page.ts'
import { HistoryRequests } from '../../src/connection/history-requests.ts'
import { RequestPacer } from '../../src/connection/request-pacer.ts'

const QUERY = { contract: { conId: 1 }, kind: 'TRADES', page: { endSecond: 1_753_884_000 } } as const
const STREAM = { cid: 1, tt: 'last', rid: 7 } as const

function start() {
  const clock = openClock()
  const requests = new HistoryRequests({ reqHistoricalTicks: () => undefined } as unknown as IBApi, clock, new RequestPacer(clock))
  return { requests, [Symbol.dispose]: () => clock.close() }
}

const trades = (seconds: readonly number[]) => seconds.flatMap((second) => [String(second), '0', '1.5', '2', 'CME', ''])

it('regression: took the first of several messages for the whole answer, so what came in the others counted as not there', async () => {
  using world = start()
  const { requests } = world
  const answer = requests.ask(7, QUERY)
  requests.hear(['98', '7', '2', ...trades([1_753_883_998, 1_753_883_999]), '0'])
  requests.hear(['98', '8', '1', ...trades([1_753_883_000]), '1']) // nobody's
  requests.hear(['98', '7', '1', ...trades([1_753_884_000]), '1'])
  expect(decodeHistory(await answer, STREAM)?.map(({ ts }) => ts / 1e6)).toEqual([1_753_883_998, 1_753_883_999, 1_753_884_000])
})

it('gives an answer of one message as it came, and fails by what the gateway says after a part', async () => {
  using world = start()
  const { requests } = world
  const whole = ['98', '7', '1', ...trades([1_753_884_000]), '1']
  const first = requests.ask(7, QUERY)
  requests.hear(whole)
  expect(await first).toEqual(whole)
  const second = requests.ask(9, QUERY)
  requests.hear(['98', '9', '1', ...trades([1_753_884_000]), '0'])
  expect(requests.fail(9, new Error('pacing violation'))).toBe(true)
  await expect(second).rejects.toThrow('pacing violation')
})
