import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { answering, runCli } from '../run-cli.ts'

test('asks for what the options say and streams the answer to stdout', async () => {
  await using server = await answering((_request, response) => response.writeHead(200).end('{"ts":1}\n{"ts":2}\n'))
  const options = ['--types', 'bid_ask,last', '--start', '2025-07-30T14:00:00+02:00', '--last', '1h', '--limit', '5']
  const run = runCli(['query', '711280073', ...options, '--url', server.url])
  expect([await run.ended, run.out, run.err]).toEqual([0, '{"ts":1}\n{"ts":2}\n', ''])
  const url = new URL(server.asked[0]?.url ?? '', server.url)
  expect(url.pathname).toBe('/v3/buffer/711280073/query')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    tick_types: 'bid_ask,last',
    start_time: '2025-07-30T14:00:00+02:00',
    buffer_duration: '1h',
    format: 'ndjson',
    limit: '5',
  })
})

test('times without a zone are those of --tz, and a name does as well as an id', async () => {
  await using server = await answering((_request, response) => response.end(''))
  const run = runCli(['query', 'AAPL', '--start', '2025-07-30T09:30:00', '--tz', 'America/New_York', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([0, ''])
  const url = new URL(server.asked[0]?.url ?? '', server.url)
  expect([url.pathname, url.searchParams.get('start_time'), url.searchParams.get('tz')]).toEqual([
    '/v3/buffer/AAPL/query',
    '2025-07-30T09:30:00',
    'America/New_York',
  ])
})

test('takes the address from PORT and writes a file with -o', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-cli-'))
  await using server = await answering((_request, response) => response.end('abc'))
  const run = runCli(['query', '1', '-o', join(folder, 'ticks')], { PORT: String(server.port) })
  expect([await run.ended, run.out]).toEqual([0, ''])
  expect(await readFile(join(folder, 'ticks'), 'utf8')).toBe('abc')
  await rm(folder, { recursive: true })
})

test('prints a problem as one line and ends with 2', async () => {
  const problem = { code: 'IBS_QUERY_PARAMETER_INVALID', detail: 'limit "0" is not from 1; allowed: a whole number' }
  await using server = await answering((_request, response) =>
    response.writeHead(400, { 'content-type': 'application/problem+json; charset=utf-8' }).end(JSON.stringify(problem)),
  )
  const run = runCli(['query', '1', '--limit', '5', '--url', server.url])
  expect([await run.ended, run.out, run.err]).toEqual([2, '', `${problem.code}: ${problem.detail}\n`])
})

test('says when nothing answers, or something else does', async () => {
  await using other = await answering((_request, response) => response.writeHead(404).end('nope'))
  const wrong = runCli(['query', '1', '--url', other.url])
  expect([await wrong.ended, wrong.err]).toEqual([2, expect.stringMatching(/^IBS_CLIENT_ANSWER_UNREADABLE: .*404.*\n$/)])
  const nobody = runCli(['query', '1', '--url', 'http://127.0.0.1:1'])
  expect([await nobody.ended, nobody.err]).toEqual([2, expect.stringMatching(/^IBS_CLIENT_SERVER_AWAY: .*is ib-stream running.*\n$/)])
})

test('ends quietly when its reader has enough', async () => {
  await using server = await answering((_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(`${'x'.repeat(1_000)}\n`)) {}
    }
    response.on('drain', more)
    more()
  })
  const run = runCli(['query', '1', '--url', server.url])
  run.child.stdout.once('data', () => run.child.stdout.destroy())
  expect([await run.ended, run.err]).toEqual([0, ''])
})

test('says that an answer broke off', async () => {
  await using server = await answering((_request, response) => {
    response.write('{"ts":1}\n', () => response.destroy())
  })
  const run = runCli(['query', '1', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([1, expect.stringContaining('broke off')])
})
