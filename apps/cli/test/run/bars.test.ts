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
