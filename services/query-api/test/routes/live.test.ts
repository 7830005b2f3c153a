import { connect } from 'node:net'
import { compareTicks } from '@ib-stream/model'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { type LiveServer, linesOf, openLiveServer } from '../live-server.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const ONE = CIDS[0]
let live: LiveServer
let recording: Recording
let hub: LiveHub
let server: StandingServer

beforeAll(async () => {
  live = await openLiveServer({ keepAliveMs: 50 })
  ;({ hub, recording, server } = live)
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

/** Publishes and gives back the lines of the first contract. */
const publish = async (count: number, seed: number) => linesOf(await live.publish(count, seed))
const publishWide = async (count: number) => linesOf(await live.publishWide(count, 1))

/** The text of a stream as it comes. */
async function openStream(base: string, options: { lastEventId?: string; query?: string; path?: string } = {}) {
  const leave = new AbortController()
  const headers: Record<string, string> = options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }
  const path = options.path ?? `/v3/stream/${ONE}/live?tick_types=bid_ask,last${options.query ?? ''}`
  const response = await fetch(`${base}${path}`, {
    headers,
    signal: leave.signal,
  })
  const stream = { response, text: '', ticks: [] as { id: string; line: string }[], lastId: '', ended: false, leave: () => leave.abort() }
  let rest = ''
  const read = async () => {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? []) {
      stream.text += text
      const frames = `${rest}${text}`.split('\n\n')
      rest = frames.pop() ?? ''
      stream.ticks.push(...frames.flatMap(tickIn))
      for (const frame of frames) stream.lastId = /^id: (.+)$/m.exec(frame)?.[1] ?? stream.lastId
    }
    stream.ended = true
  }
  void read().catch(() => undefined)
  return stream
}

/** The tick of a frame that is exactly one. */
function tickIn(frame: string): { id: string; line: string }[] {
  const [, id = '', line = ''] = /^event: tick\nid: (.+)\ndata: (.+)$/.exec(frame) ?? []
  return id === '' ? [] : [{ id, line }]
}

test('frames every event exactly, and keeps the connection alive', async () => {
  const stream = await openStream(server.url)
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(stream.response.headers.get('cache-control')).toBe('no-store')
  expect(stream.response.headers.get('x-accel-buffering')).toBe('no')
  await until('a keep-alive', () => stream.text.includes(': keep-alive\n\n'))
  const wanted = await publish(12, 31)
  expect(wanted.length).toBeGreaterThan(0)
  await until('the ticks', () => stream.ticks.length === wanted.length)
  stream.leave()
  const [, begin = ''] = /^event: info\nid: (l\..+)$/m.exec(stream.text) ?? []
  const head = `retry: 1000\n\nevent: info\nid: ${begin}\ndata: {"status":"subscribed","contract_ids":[${ONE}],"tick_types":["bid_ask","last"]}\n\n`
  const ids = stream.ticks.map(({ id }) => id)
  const body = wanted.map((line, i) => `event: tick\nid: ${ids[i]}\ndata: ${line}\n\n`).join('')
  expect(stream.text.replaceAll(/: keep-alive\n(id: .+\n)?\n/g, '')).toBe(head + body)
})

test('gives the order of arrival, and exactly the rest after any Last-Event-ID', async () => {
  const whole = await openStream(server.url)
  await until('the subscription', () => whole.text.includes('subscribed'))
  const lines = await publish(4_000, 32)
  await until('all ticks', () => whole.ticks.length === lines.length)
  const all = whole.ticks
  whole.leave()
  expect(all.map(({ line }) => line)).toEqual(lines)
  expect((await recording.messages()).some(({ batch }) => batch !== undefined)).toBe(true)
  await using young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  for (const k of [0, 1, 500, 777, 1_000, lines.length - 2]) {
    for (const base of [server.url, restarted.url]) {
      const rest = await openStream(base, { lastEventId: all[k]?.id ?? '' })
      await until(`the rest after ${k}`, () => rest.ticks.length >= lines.length - k - 1)
      rest.leave()
      expect(rest.ticks).toEqual(all.slice(k + 1))
    }
  }
  const byQuery = await openStream(server.url, { query: `&last_event_id=${all[5]?.id}` })
  await until('the rest', () => byQuery.ticks.length >= lines.length - 6)
  byQuery.leave()
})

test('regression: a client that lost its connection before its first tick comes back and misses nothing', async () => {
  const early = await openStream(server.url)
  await until('the subscription', () => early.text.includes('subscribed'))
  early.leave()
  const missed = await publish(40, 33)
  const back = await openStream(server.url, { lastEventId: early.lastId })
  const young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  const elsewhere = await openStream(restarted.url, { lastEventId: early.lastId })
  for (const stream of [back, elsewhere]) {
    await until('what it missed', () => stream.ticks.length >= missed.length)
    expect(stream.ticks.map(({ line }) => line)).toEqual(missed)
    stream.leave()
  }
  await young.close()
})

test('the position of a query, given as an event id, goes on where the query ended', async () => {
  const before = await publish(300, 38)
  const response = await fetch(
    `${server.url}/v3/buffer/${ONE}/query?tick_types=bid_ask,last&start_time=0&end_time=4102444800&format=ndjson`,
  )
  expect((await response.text()).trimEnd().split('\n')).toEqual(expect.arrayContaining(before))
  const after = await publish(300, 39)
  const stream = await openStream(server.url, { lastEventId: response.headers.get('ibs-position') ?? '' })
  await until('what came since', () => stream.ticks.length >= after.length)
  stream.leave()
  expect(stream.ticks.map(({ line }) => line)).toEqual(after)
})

test('a stream without ticks moves its place on, so that it stays within what the log holds', async () => {
  const idle = await openStream(server.url, { query: '', path: `/v3/stream/4711/live` })
  await until('the subscription', () => idle.text.includes('subscribed'))
  const first = idle.lastId
  await publish(40, 34)
  await until('a keep-alive with a new place', () => idle.lastId !== first)
  const later = await publish(40, 35)
  const rest = await openStream(server.url, { lastEventId: idle.lastId })
  await until('the rest', () => rest.ticks.at(-1)?.line === later.at(-1))
  expect(rest.ticks.map(({ line }) => line).slice(-later.length)).toEqual(later)
  idle.leave()
  rest.leave()
})

test('ends after its limit to the tick, or after its time, and says where to go on', async () => {
  const limited = await openStream(server.url, { query: '&limit=7' })
  await until('the subscription', () => limited.text.includes('subscribed'))
  const lines = await publish(60, 36)
  await until('the end', () => limited.ended)
  expect(limited.ticks.map(({ line }) => line)).toEqual(lines.slice(0, 7))
  const complete = /event: complete\ndata: (.+)\n\n$/.exec(limited.text)
  expect(JSON.parse(complete?.[1] ?? '')).toMatchObject({ reason: 'limit_reached', ticks: 7, resume: limited.ticks[6]?.id })
  const rest = await openStream(server.url, { lastEventId: limited.ticks[6]?.id ?? '', query: '&timeout=1' })
  await until('the end', () => rest.ended)
  expect(rest.ticks.map(({ line }) => line)).toEqual(lines.slice(7))
  expect(rest.text).toMatch(/event: complete\ndata: \{"reason":"timeout","ticks":\d+,"seconds":[\d.]+,"resume":"l\..+"\}\n\n$/)
})

test('the tick type may stand in the path', async () => {
  const stream = await openStream(server.url, { path: `/v3/stream/${ONE}/live/last` })
  await until('the subscription', () => stream.text.includes('subscribed'))
  const trades = (await publish(60, 37)).filter((line) => line.includes('"tt":"last"'))
  await until('the trades', () => stream.ticks.length >= trades.length)
  expect(stream.ticks.map(({ line }) => line)).toEqual(trades)
  stream.leave()
})

test('regression: a client whose place is trimmed away gets what it missed from the files, is told so, and is live again', async () => {
  const early = await openStream(server.url)
  await until('the subscription', () => early.text.includes('subscribed'))
  const seen = await publish(300, 41)
  await until('the ticks', () => early.ticks.length === seen.length)
  early.leave()
  const missed = linesOf((await live.publish(900, 42)).toSorted(compareTicks)) // files give the order of queries
  await writeAndTrim()
  await using young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  const back = await openStream(restarted.url, { lastEventId: early.lastId })
  await until('what it missed', () => back.ticks.length >= missed.length && back.text.includes('event: live'))
  const [told] = back.text.matchAll(/^event: (?!info|tick)(.+)$/gm)
  expect(told?.[1]).toBe('resume_incomplete')
  expect(back.ticks.map(({ line }) => line)).toEqual(missed)
  const later = await publish(60, 43)
  await until('what comes live', () => back.ticks.length >= missed.length + later.length)
  expect(back.ticks.map(({ line }) => line)).toEqual([...missed, ...later])
  // cut off anywhere on this way, it goes on there
  for (const k of [0, Math.floor(missed.length / 2), missed.length - 1, missed.length]) {
    const rest = await openStream(restarted.url, { lastEventId: back.ticks[k]?.id ?? '' })
    const wanted = back.ticks.slice(k + 1).map(({ line }) => line)
    await until(`the rest after ${k}`, () => rest.ticks.length >= wanted.length)
    expect(rest.ticks.map(({ line }) => line).toSorted()).toEqual(wanted.toSorted()) // what came live before may be history now
  }
})

test('regression: the place of a client that waits in a new server is still one to find in the files', async () => {
  const early = await openStream(server.url)
  await until('the subscription', () => early.text.includes('subscribed'))
  await publish(20, 45)
  await until('a tick', () => early.ticks.length > 0)
  early.leave()
  const rest = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using quiet = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: rest }, keepAliveMs: 20 })
  const waiting = await openStream(quiet.url, { lastEventId: early.lastId })
  await until('it waits', () => waiting.text.split(': keep-alive').length > 4)
  waiting.leave()
  await rest.close()
  const missed = linesOf((await live.publish(40, 46)).toSorted(compareTicks))
  await writeAndTrim()
  await using young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  const back = await openStream(restarted.url, { lastEventId: waiting.lastId })
  expect(back.response.status).toBe(200)
  await until('what it missed', () => back.text.includes('event: live'))
  back.leave()
  expect(back.ticks.map(({ line }) => line)).toEqual(missed)
})

test('regression: places of which no tick tells the time are found in the files too: of `live`, and of a subscription to a log that is still', async () => {
  const early = await openStream(server.url, { query: '&limit=5' })
  await until('the subscription', () => early.text.includes('subscribed'))
  await live.publishFrom(Date.now() * 1_000, 20, 47)
  await until('the end', () => early.ended)
  await live.publish(40, 48)
  await writeAndTrim()
  const [joined, fresh] = await withYoungServer(async (url) => {
    const back = await openStream(url, { lastEventId: early.ticks.at(-1)?.id ?? '' })
    await until('it is live', () => back.text.includes('event: live'))
    const [, atLive = ''] = /^event: live\nid: (.+)$/m.exec(back.text) ?? []
    const first = await openStream(url)
    await until('the subscription', () => first.text.includes('subscribed'))
    return [atLive, first.lastId]
  })
  const missed = linesOf((await live.publish(60, 49)).toSorted(compareTicks))
  await writeAndTrim()
  const lines = await withYoungServer(async (url) => {
    const after = async (lastEventId: string | undefined) => {
      const stream = await openStream(url, lastEventId === undefined ? {} : { lastEventId })
      await until('it is live again', () => stream.text.includes('event: live'))
      return stream.ticks.map(({ line }) => line)
    }
    return { joined: await after(joined), fresh: await after(fresh) }
  })
  expect(lines.joined).toEqual(missed)
  expect(lines.fresh.filter((line) => missed.includes(line))).toEqual(missed) // it may begin a little before the client came
  expect(new Set(lines.fresh).size).toBe(lines.fresh.length)
})

/** A server that has heard nothing of the log yet; its streams end with it. */
async function withYoungServer<T>(ask: (url: string) => Promise<T>): Promise<T> {
  await using young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  return await ask(own.url)
}

/** All that the log has is in files, and most of it nowhere else any more. */
async function writeAndTrim(): Promise<void> {
  const seq = (await recording.messages()).at(-1)?.seq ?? 0
  for (const cid of CIDS) await recording.write('json', cid, seq)
  await recording.bus.manager.streams.purge('TICKS', { seq: seq - 5 })
}

test('an event id of another recording is 410', async () => {
  const response = await fetch(`${server.url}/v3/stream/${ONE}/live?last_event_id=l.other.1.2`)
  expect(response.status).toBe(410)
  expect(await response.json()).toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
})

test('a client that reads too slowly is told and ended; the others are not held up', async () => {
  await using small = await openLiveHub({ bus: recording.bus, signal: live.signal, ring: { ticks: 2_000, bytes: 4 * 2 ** 20 } })
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: small } })
  const { port, hostname } = new URL(own.url)
  const slow = connect(Number(port), hostname)
  slow.write(`GET /v3/stream/${ONE}/live?tick_types=bid_ask,last HTTP/1.1\r\nHost: x\r\n\r\n`)
  slow.pause()
  const fast = await openStream(own.url)
  await until('both subscriptions', async () => (await own.metrics.getSingleMetricAsString('ibs_query_live_clients')).endsWith(' 2'))
  const lines: string[] = []
  for (let i = 0; i < 15; i++) {
    lines.push(...(await publishWide(500))) // 2 MB: half the ring
    await until('the fast one has all', () => fast.ticks.length === lines.length)
  }
  expect(fast.ticks.map(({ line }) => line)).toEqual(lines)
  fast.leave()
  let text = ''
  slow.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  slow.resume()
  await until('the slow one is ended', () => slow.readableEnded || slow.destroyed)
  expect(text).toMatch(/event: error\ndata: \{"code":"IBS_TAPE_SLOW_CONSUMER"/)
  expect(text).toContain('"resume":"l.')
})

test('a client that takes nothing any more is dropped, whatever its socket says', async () => {
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, drainWithinMs: 300 })
  const { port, hostname } = new URL(own.url)
  const stuck = connect(Number(port), hostname).on('error', () => undefined)
  stuck.write(`GET /v3/stream/${ONE}/live?tick_types=bid_ask,last HTTP/1.1\r\nHost: x\r\n\r\n`)
  stuck.pause()
  const count = async () => await own.metrics.getSingleMetricAsString('ibs_query_live_clients')
  await until('it is counted', async () => (await count()).endsWith(' 1'))
  for (let i = 0; i < 8; i++) await publishWide(500) // more than its socket holds, less than the ring does
  await until('it is gone', async () => (await count()).endsWith(' 0'))
  stuck.destroy()
})

test('streams end cleanly when the service stops, and closing does not wait for them', async () => {
  const end = new AbortController()
  await using own = await openLiveHub({ bus: recording.bus, signal: end.signal })
  const young = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: own } })
  const stream = await openStream(young.url)
  await until('the subscription', () => stream.text.includes('subscribed'))
  end.abort(new Error('stopping'))
  await young[Symbol.asyncDispose]()
  await until('the end', () => stream.ended)
  expect(stream.text).toMatch(/event: complete\ndata: \{"reason":"server_shutdown".*"resume":"l\.[^"]+"\}\n\n$/)
})

test('a server that closes ends its streams, also those of clients that do not read', async () => {
  const young = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub } })
  const { port, hostname } = new URL(young.url)
  const stuck = connect(Number(port), hostname).on('error', () => undefined)
  stuck.write(`GET /v3/stream/${ONE}/live?tick_types=bid_ask,last HTTP/1.1\r\nHost: x\r\n\r\n`)
  stuck.pause()
  const stream = await openStream(young.url)
  await until('both subscriptions', async () => (await young.metrics.getSingleMetricAsString('ibs_query_live_clients')).endsWith(' 2'))
  for (let i = 0; i < 8; i++) await publishWide(500)
  const startedMs = performance.now()
  await young[Symbol.asyncDispose]()
  expect(performance.now() - startedMs).toBeLessThan(5_000)
  await until('the end', () => stream.ended)
  stuck.destroy()
  expect(stream.text).toMatch(/"reason":"server_shutdown"[^\n]*\n\n$/)
})

test('a client that leaves is forgotten', async () => {
  const stream = await openStream(server.url)
  await until('it is counted', async () =>
    (await server.metrics.getSingleMetricAsString('ibs_query_live_clients')).endsWith('live_clients 1'),
  )
  stream.leave()
  await until('it is gone', async () => (await server.metrics.getSingleMetricAsString('ibs_query_live_clients')).endsWith('live_clients 0'))
})
