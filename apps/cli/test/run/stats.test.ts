import { expect, test } from '@jest/globals'
import { answering, runCli } from '../run-cli.ts'

const sums = (bytes: number, day: number, week: number) => ({
  ...{ files: 48, bytes, ticks: 1_000_000, bytes_per_tick: 70.3, first_hour: '2025-07-23T14:00:00Z', last_hour: '2025-07-30T14:00:00Z' },
  ...{ last_24_hours: { files: 5, bytes: day, ticks: 1 }, last_7_days: { files: 9, bytes: week, ticks: 1 } },
})
const disk = { free_bytes: 70e9, total_bytes: 100e9, free_percent: 70 }

/** query-api that has written so many bytes within a day and a week. */
const grownBy = (day: number, week: number) =>
  answering(({ url }, response) => {
    const stats = {
      backends: { pb: { ...sums(70e6, day, week), streams: [{ ...sums(70e6, day, week), contract_id: 265598, tick_type: 'last' }] } },
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(url?.startsWith('/v3/') ? stats : { disk }))
  })

test.each([
  ['a week', 1e9, 14e9, 'at 2.0 GB a day it lasts 35 days'],
  ['its first day', 1e9, 1e9, 'at 1.0 GB a day it lasts 70 days'],
])('tells the growth, and how long the disk lasts at that of %s', async (_name, day, week, lasts) => {
  await using server = await grownBy(day, week)
  const run = runCli(['stats', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([0, ''])
  const [head = '', row = '', last] = run.out.split('\n')
  expect([head, row].map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['of', 'files', 'ticks', 'size', 'a tick', '+ 24 h', '+ 7 d', 'since'],
    ['pb', '48', '1,000,000', '70.0 MB', '70.3 B', '1.0 GB', `${(week / 1e9).toFixed(1)} GB`, '2025-07-23 14'],
  ])
  expect(last).toBe(`disk: 70.0 GB of 100.0 GB free (70 %); ${lasts}`)
})

test('each tick type of a contract', async () => {
  await using server = await grownBy(1, 1)
  const run = runCli(['stats', 'AAPL', '--streams', '--url', server.url])
  expect([await run.ended, run.out]).toEqual([0, expect.stringMatching(/^pb 265598 last +48/m)])
  expect(server.asked.map(({ url }) => url)).toContain('/v3/storage/stats?contracts=AAPL')
})
