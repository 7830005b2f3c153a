import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { tickLine } from '../../src/output/tick-line.ts'
import { answering, runCli } from '../run-cli.ts'

const STREAM = { 'content-type': 'text/event-stream' }
const tickJson = (n: number) =>
  `{"ts":1753884000000000,"st":${1_753_884_000_000_000 + n * 1_000},"cid":8314,"tt":"last","rid":1,"p":${100 + n},"s":2,"ex":"NYSE"}`
const event = (n: number) => `event: tick\nid: c${n}\ndata: ${tickJson(n)}\n\n`
const send = (response: ServerResponse, from: number, to: number) => {
  response.writeHead(200, STREAM)
  for (let n = from; n < to; n++) response.write(event(n))
}

test.each([
  [
    '{"ts":1753884000000000,"st":1753884000777542,"cid":1,"tt":"bid_ask","rid":1,"bp":23477.5,"bs":6,"ap":23478,"as":0}',
    '14:00:00.777Z  bid 23477.5 x 6  ask 23478 x 0',
  ],
  [
    '{"ts":1753884000000000,"st":1753884000777542,"cid":1,"tt":"bid_ask","rid":1,"ap":23478,"as":5,"bpl":true}',
    '14:00:00.777Z  bid - x -  ask 23478 x 5 (past low)',
  ],
  [
    '{"ts":1753884000000000,"st":1753884000777542,"cid":1,"tt":"last","rid":1,"p":100.25,"s":2,"ex":"NYSE"}',
    '14:00:00.777Z  last 100.25 x 2  NYSE',
  ],
  ['{"ts":1753884000000000,"st":1753884000777542,"cid":1,"tt":"mid_point","rid":1,"mp":1.5}', '14:00:00.777Z  mid 1.5'],
  ['{"no":"tick"}', '{"no":"tick"}'],
])('%s is shown as %s', (json, line) => {
  expect(tickLine(JSON.parse(json))).toBe(line)
})

test('prints ticks for people, or as they are, and ends after -n', async () => {
  await using server = await answering((_request, response) => send(response, 0, 9))
  const run = runCli(['tail', '8314', '-n', '2', '--url', server.url])
  expect([await run.ended, run.out, run.err]).toEqual([0, '14:00:00.000Z  last 100 x 2  NYSE\n14:00:00.001Z  last 101 x 2  NYSE\n', ''])
  const json = runCli(['tail', '8314', '-n', '3', '--json', '--url', server.url])
  expect([await json.ended, json.out]).toEqual([0, `${[0, 1, 2].map(tickJson).join('\n')}\n`])
})

test('shows times in the zone that is asked for', async () => {
  await using server = await answering((_request, response) => send(response, 0, 1))
  const run = runCli(['tail', '8314', '-n', '1', '--tz', 'America/New_York', '--url', server.url])
  expect([await run.ended, run.out, run.err]).toEqual([0, '10:00:00.000  last 100 x 2  NYSE\n', ''])
  const wrong = runCli(['tail', '8314', '--tz', 'Mars/Olympus', '--url', server.url])
  expect([await wrong.ended, wrong.err]).toEqual([2, expect.stringMatching(/IBS_CLI_OPTION_INVALID.*Mars.Olympus/)])
})

test('connects again after a broken stream and a 503, from the last tick printed', async () => {
  await using server = await answering((request, response, nth) => {
    if (nth === 2) {
      const problem = { code: 'IBS_QUERY_LIVE_UNAVAILABLE', detail: 'not yet' }
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
    } else {
      const next = Number(request.headers['last-event-id']?.slice(1) ?? -1) + 1
      send(response, next, next + 2)
      response.end()
    }
  })
  const run = runCli(['tail', '8314', '-n', '6', '--json', '--url', server.url])
  expect([await run.ended, run.out]).toEqual([0, `${[0, 1, 2, 3, 4, 5].map(tickJson).join('\n')}\n`])
  expect(run.err).toContain('IBS_QUERY_LIVE_UNAVAILABLE: not yet; connecting again\n')
})

test('a request that is wrong ends it', async () => {
  await using server = await answering((_request, response) =>
    response.writeHead(400, { 'content-type': 'application/problem+json' }).end('{"code":"IBS_QUERY_PARAMETER_INVALID","detail":"bad"}'),
  )
  const run = runCli(['tail', 'x', '--url', server.url])
  expect([await run.ended, run.err]).toEqual([2, 'IBS_QUERY_PARAMETER_INVALID: bad\n'])
  const nobody = runCli(['tail', '1', '--url', 'http://127.0.0.1:1'])
  expect([await nobody.ended, nobody.err]).toEqual([2, expect.stringContaining('IBS_CLIENT_SERVER_AWAY')])
})

test('Ctrl-C and a reader that has enough end it with 0', async () => {
  await using server = await answering((_request, response) => send(response, 0, 3))
  const stopped = runCli(['tail', '8314', '--url', server.url])
  stopped.child.stdout.once('data', () => stopped.child.kill('SIGINT'))
  expect([await stopped.ended, stopped.err]).toEqual([0, ''])
  await using busy = await answering((_request, response) => {
    send(response, 0, 1)
    const timer = setInterval(() => response.write(event(1)), 5)
    response.once('close', () => clearInterval(timer))
  })
  const piped = runCli(['tail', '8314', '--url', busy.url])
  piped.child.stdout.once('data', () => piped.child.stdout.destroy())
  expect([await piped.ended, piped.err]).toEqual([0, ''])
})
