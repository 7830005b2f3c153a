import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { answering, runCli } from '../run-cli.ts'

const STREAM = {
  ...{ contract_id: 265598, symbol: 'AAPL', tick_type: 'last', health: 'degraded', reason: 'nothing for 95 s', subscription: 'subscribed' },
  ...{ market: 'open', ticks: 1_234, last_tick: '2025-07-30T14:00:00.777542Z' },
}
const issue = { status: 'degraded', about: 'AAPL last', text: 'nothing for 95 s' }

/** query-api with such a state. */
const saying = (system_status: string) =>
  answering(({ url }, response: ServerResponse) => {
    const system = {
      ...{ system_status, recording: system_status, issues: system_status === 'healthy' ? [] : [issue] },
      services: { 'query-api': { replicas: 1, state: 'ok' }, 'writer-json': { replicas: 3, state: 'sharing' } },
    }
    response.writeHead(system_status === 'degraded' ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(url?.startsWith('/system/health') ? system : { streams: [STREAM] }))
  })

test('says what is wrong, and where, and ends with 1 where something is degraded', async () => {
  await using server = await saying('degraded')
  const run = runCli(['health', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([1, ''])
  const [head, what, , stream] = run.out.split('\n').map((line) => line.trim())
  expect([head, what]).toEqual(['degraded   query-api ok, writer-json sharing × 3', 'degraded  AAPL last: nothing for 95 s'])
  expect(stream?.split(/ {2,}/)).toEqual(['265598', 'AAPL', 'last', 'degraded', 'open', '1,234', '14:00:00.777', 'nothing for 95 s'])
})

test('paints what works green: services in each of their good states, and the whole', async () => {
  const good = { ingest: 'healthy', 'writer-json': 'sharing', keeper: 'keeping', 'query-api': 'ok' }
  await using server = await answering((_request, response) => {
    const services = Object.fromEntries(
      Object.entries({ ...good, 'writer-proto': 'away' }).map(([name, state]) => [name, { replicas: 1, state }]),
    )
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ system_status: 'healthy', recording: null, issues: [], services }))
  })
  const run = runCli(['health', '--url', server.url], { FORCE_COLOR: '1', NO_COLOR: '' })
  expect([await run.ended, run.err]).toEqual([0, ''])
  const [GREEN, YELLOW] = ['\u001B[32m', '\u001B[33m']
  for (const [name, state] of Object.entries(good)) expect(run.out).toContain(`${name} ${GREEN}${state}`)
  expect(run.out).toContain(`writer-proto ${YELLOW}away`)
  expect(run.out.startsWith(GREEN)).toBe(true)
})

test.each([
  ['healthy', 0],
  ['warning', 0],
  ['degraded', 1],
])('-q says nothing: the status tells (%s)', async (word, status) => {
  await using server = await saying(word)
  const run = runCli(['health', '-q', '--url', server.url])
  expect([await run.ended, run.out, run.err]).toEqual([status, '', ''])
})

test('ends with 2 where nothing answers', async () => {
  const run = runCli(['health', '--url', 'http://127.0.0.1:1'])
  expect([await run.ended, run.err]).toEqual([2, expect.stringContaining('IBS_CLIENT_SERVER_AWAY')])
})
