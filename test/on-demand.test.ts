import { expect, it } from '@jest/globals'
import { freePort } from './support/free-port.ts'
import { SseClient } from './support/sse-client.ts'
import { Stack } from './support/stack.ts'
import { waitFor } from './support/wait-for.ts'

const MNQ = 711280073

interface Info {
  status?: string
  reason?: string
  code?: string
}

it('records what is not tracked for as long as somebody listens, and tells a refusal in the words of IB', async () => {
  const control = await freePort()
  await using stack = await Stack.make({ tracked: '265598:AAPL:bid_ask:24', simulator: ['--rate', '20', '--control', String(control)] })
  for (const program of [stack.nats, stack.simulator, stack.ingest, stack.queryApi]) program.start()
  await stack.ready(stack.ingest)
  await stack.ready(stack.queryApi)
  const recorded = async () => {
    const parts = (await stack.health(stack.ingest))?.parts as { streams?: { streams?: { cid: number }[] } } | undefined
    return parts?.streams?.streams?.map(({ cid }) => cid)
  }
  {
    await using listener = new SseClient(`${stack.apiUrl}/v3/stream/${MNQ}/live/last`)
    await waitFor('ticks that were asked for', () => listener.ticks.length > 5, 30_000)
    expect(listener.ticks.every(({ cid, tt }) => cid === MNQ && tt === 'last')).toBe(true)
    expect(await recorded()).toContain(MNQ)
  }
  await waitFor('the stream is given back', async () => (await recorded())?.includes(MNQ) === false, 40_000)

  const deny = await fetch(`http://127.0.0.1:${control}/faults`, { method: 'POST', body: `{"fault":"deny","code":"10189","cid":${MNQ}}` })
  expect(deny.status).toBe(201)
  await using refused = new SseClient(`${stack.apiUrl}/v3/stream/${MNQ}/live/bid_ask`)
  const refusal = await waitFor('the refusal', () => (refused.infos as Info[]).find(({ status }) => status === 'refused'), 30_000)
  expect(refusal).toMatchObject({ code: 'IBS_INGEST_STREAM_REFUSED', contract_ids: [MNQ], tick_types: ['bid_ask'] })
  expect(refusal.reason).toContain('market data permissions')

  await stack.ingest.stop()
  await using alone = new SseClient(`${stack.apiUrl}/v3/stream/${MNQ}/live/last`)
  await waitFor('that nothing is recorded', () => (alone.infos as Info[]).some(({ status }) => status === 'unavailable'), 30_000)
}, 150_000)
