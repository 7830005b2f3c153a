import { expect, test } from '@jest/globals'
import { answering, runCli } from '../run-cli.ts'

const bar = {
  ...{ study: 'bars', cid: 265598, ts: 1_753_884_000_000_000, end: 1_753_884_060_000_000, session: null, complete: true, late_ticks: 0 },
  ...{
    open: 23477.25,
    high: 23480.75,
    low: 23477,
    close: 23478.5,
    volume: 1_058_976.9145,
    vwap: 23478.123456,
    trade_count: 227,
    quote_count: 0,
  },
}

test('regression: a large volume ran into the price before it; each value stands for itself, in the zone that is asked for', async () => {
  await using server = await answering((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end(`${JSON.stringify({ ...bar, volume: 123_456_789.1234 })}\n${JSON.stringify({ ...bar, complete: false })}\n`),
  )
  const run = runCli(['bars', '265598', '-i', '1m', '--last', '5m', '--tz', 'America/New_York', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([0, ''])
  const [head = '', large = '', growing = ''] = run.out.split('\n')
  expect(head.split(/ {2,}/)).toEqual(['from (America/New_York)', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'])
  expect(large.split(/ +/)).toEqual([
    '2025-07-30T10:00:00',
    '23477.25',
    '23480.75',
    '23477',
    '23478.5',
    '123456789.1234',
    '23478.1235',
    '227',
  ])
  expect(growing.split(/ +/).slice(5)).toEqual(['1058976.9145', '23478.1235', '227', '…'])
  const { pathname, searchParams } = new URL(server.asked[0]?.url ?? '', server.url)
  expect([pathname, searchParams.get('interval'), searchParams.get('buffer_duration')]).toEqual(['/v3/studies/265598/bars', '1m', '5m'])
})

test.each([
  ['bars', ['bars', '265598']],
  ['study', ['study', '265598', 'vwap', '--json']],
])('regression: an answer of %s that broke off was told by a stack of the program; the end says so, with 1', async (_name, words) => {
  await using server = await answering((_request, response) => {
    response.write(`${JSON.stringify(bar)}\n`, () => response.destroy())
  })
  const run = runCli([...words, '--url', server.url])
  expect([await run.ended, run.err]).toEqual([
    1,
    expect.stringMatching(/^the answer broke off \(.+\); what was written so far is incomplete\n$/),
  ])
})

const EVENTS = `event: info\ndata: {"status":"subscribed"}\n\nevent: output\ndata: ${JSON.stringify(bar)}\n\n`
const ERROR = 'event: error\ndata: {"code":"IBS_TAPE_SLOW_CONSUMER","message":"too slow"}\n\n'

test.each([
  ['without a word', EVENTS, 'IBS_CLIENT_SERVER_AWAY'],
  ['by the server', `${EVENTS}${ERROR}`, 'IBS_TAPE_SLOW_CONSUMER'],
])('regression: bars and studies that broke off live, %s, ended with 2', async (_how, text, code) => {
  await using server = await answering((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(text, () => response.destroy())
  })
  for (const words of [
    ['bars', '265598'],
    ['study', '265598', 'vwap'],
  ]) {
    const run = runCli([...words, '--live', '--json', '--url', server.url])
    expect([await run.ended, run.out, run.err]).toEqual([
      1,
      `${JSON.stringify(bar)}\n`,
      expect.stringMatching(new RegExp(`^the answer broke off \\(.*${code}.*\\); what was written so far is incomplete\\n$`)),
    ])
  }
})

test('what the server refuses to begin live did not break off', async () => {
  await using server = await answering((_request, response) =>
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"code":"IBS_QUERY_PARAMETER_INVALID","message":"no"}}'),
  )
  const run = runCli(['bars', '265598', '--live', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([2, expect.not.stringContaining('broke off')])
})
