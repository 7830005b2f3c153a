import { readdirSync, readlinkSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { compareTicks, isoFromUs, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { decodeTickJson, decodeTicksProto } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, openRecording, type Recording, TYPES, until } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const ONE = CIDS[0]
const ticks = market(30_000, { seed: 21, stepUs: US_PER_SECOND / 8 })
const seconds = (us: number) => String(us / US_PER_SECOND)
const END = seconds(DAY_US + 4 * US_PER_HOUR)
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  recording = await openRecording()
  await recording.publish(ticks)
  const lastSeq = (await recording.messages()).at(-1)?.seq ?? 0
  await recording.write('json', ONE, lastSeq)
  await recording.write('pb', ONE, Math.floor(lastSeq / 2))
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined } })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

const naive = (cid: number, tts: readonly TickType[], startUs = 0, endUs = Number.MAX_SAFE_INTEGER) =>
  ticks.filter((tick) => tick.cid === cid && tts.includes(tick.tt) && tick.ts >= startUs && tick.ts < endUs).toSorted(compareTicks)

function query(parameters: Record<string, string>, headers: Record<string, string> = {}, cid: number | string = ONE): Promise<Response> {
  return fetch(`${server.url}/v3/buffer/${cid}/query?${new URLSearchParams(parameters)}`, { headers })
}

const page = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${server.url}${path}`, init)

interface Info {
  tick_types: string[]
  fields: { key: string }[]
  endpoints: { path: string; parameters: { name: string }[] }[]
}

async function decode(response: Response): Promise<TickMessage[]> {
  switch (response.headers.get('content-type')) {
    case 'application/json':
      return ((await response.json()) as { messages: TickMessage[] }).messages
    case 'application/x-ndjson':
      return (await response.text())
        .split('\n')
        .filter((line) => line !== '')
        .map(decodeTickJson)
    case 'application/x-protobuf':
      return decodeTicksProto(new Uint8Array(await response.arrayBuffer())).ticks
    default:
      throw new Error(`not a format: ${response.headers.get('content-type')}`)
  }
}

describe('GET /v3/buffer/:cid/query', () => {
  const all = { tick_types: 'bid_ask,last', start_time: isoFromUs(DAY_US - US_PER_HOUR), end_time: END }

  test.each(['json', 'ndjson', 'protobuf'])('%s decodes to the recorded ticks, by format and by Accept', async (format) => {
    const wanted = naive(ONE, TYPES)
    expect(wanted.length).toBeGreaterThan(8_000)
    const response = await query({ ...all, format }, { accept: 'application/json;q=0.1' })
    expect(response.status).toBe(200)
    expect(response.headers.get('ibs-tail')).toBe('read')
    expect(await decode(response)).toEqual(wanted)
    const media = format === 'json' ? 'application/json' : `application/x-${format}`
    expect(await decode(await query(all, { accept: media }))).toEqual(wanted)
  })

  test('json says what was asked and how many ticks came', async () => {
    const body = (await (await query({ ...all, limit: '3' })).json()) as Record<string, unknown>
    expect(body).toEqual({
      contract_id: ONE,
      tick_types: ['bid_ask', 'last'],
      format: 'json',
      time_range: { start: '2025-07-30T12:00:00.000000Z', end: '2025-07-30T17:00:00.000000Z' },
      messages: naive(ONE, TYPES).slice(0, 3),
      total_messages: 3,
      next: expect.stringMatching(/^h\./),
    })
  })

  test('an answer without ticks is whole in each format', async () => {
    const empty = { start_time: '1', end_time: '2' }
    expect(await (await query(empty)).json()).toMatchObject({ messages: [], total_messages: 0 })
    expect(await (await query({ ...empty, format: 'ndjson' })).text()).toBe('')
    expect((await (await query({ ...empty, format: 'protobuf' })).arrayBuffer()).byteLength).toBe(0)
  })

  test('the start is in, the end is out; types default to bid_ask and count once', async () => {
    const at = naive(ONE, ['last'])[100]?.ts ?? 0
    const of = async (parameters: Record<string, string>) => decode(await query(parameters))
    expect(await of({ tick_types: 'last,last', start_time: String(at), end_time: String(at + 1) })).toEqual(
      naive(ONE, ['last'], at, at + 1),
    )
    expect(await of({ tick_types: 'last', start_time: '0', end_time: String(at) })).toEqual(naive(ONE, ['last'], 0, at))
    expect(await of({ start_time: '0', end_time: END })).toEqual(naive(ONE, ['bid_ask']))
  })

  test('a duration runs from the start, before the end, or until now', async () => {
    const hourUs = DAY_US + US_PER_HOUR
    const of = async (parameters: Record<string, string>) => decode(await query({ tick_types: 'last', ...parameters }))
    expect(await of({ start_time: seconds(hourUs), buffer_duration: '10m' })).toEqual(
      naive(ONE, ['last'], hourUs, hourUs + US_PER_HOUR / 6),
    )
    expect(await of({ end_time: seconds(hourUs), buffer_duration: '10m' })).toEqual(naive(ONE, ['last'], hourUs - US_PER_HOUR / 6, hourUs))
    expect(await of({ end_time: seconds(hourUs) })).toEqual(naive(ONE, ['last'], hourUs - US_PER_HOUR, hourUs))
    await using then = await startServer({ dataDir: recording.dataDir, nowUs: () => hourUs + 1 })
    const now = async (text: string) => decode(await fetch(`${then.url}/v3/buffer/${ONE}/query?tick_types=last${text}`))
    const endUs = hourUs + US_PER_SECOND
    expect(await now('')).toEqual(naive(ONE, ['last'], endUs - US_PER_HOUR, endUs))
    expect(await now('&buffer_duration=30s')).toEqual(naive(ONE, ['last'], endUs - 30 * US_PER_SECOND, endUs))
    expect(await now('&start_time=0')).toEqual(naive(ONE, ['last'], 0, endUs))
  })

  test('a contract without files is answered from the log', async () => {
    expect(await decode(await query({ ...all, format: 'ndjson' }, {}, CIDS[1]))).toEqual(naive(CIDS[1], TYPES))
  })

  test('answers from files and says so while NATS is away', async () => {
    await using alone = await startServer({ dataDir: recording.dataDir })
    const response = await fetch(`${alone.url}/v3/buffer/${ONE}/query?start_time=0&end_time=${END}`)
    expect(response.headers.get('ibs-tail')).toBe('unavailable')
    expect(await decode(response)).toEqual(naive(ONE, ['bid_ask']))
  })

  test('a client that goes away in the middle closes the files', async () => {
    const open = () => openFiles(recording.dataDir)
    expect(open()).toEqual([])
    const held: IncomingMessage[] = []
    for (let i = 0; i < 4; i++) {
      const url = `${server.url}/v3/buffer/${ONE}/query?tick_types=bid_ask,last&start_time=0&end_time=${END}`
      held.push(await new Promise<IncomingMessage>((resolve, reject) => get(url, { agent: false }, resolve).on('error', reject)))
    }
    for (const response of held) response.on('error', () => undefined).destroy()
    await until('no file is open any more', () => open().length === 0)
    expect(server.failures).toEqual([])
  })
})

/** Files below a folder that this process holds open. */
function openFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', fd))
      return path.startsWith(join(folder, 'json')) || path.startsWith(join(folder, 'pb')) ? [path] : []
    } catch {
      return [] // the descriptor of this listing itself
    }
  })
}

describe('what is refused', () => {
  const INVALID = 'IBS_QUERY_PARAMETER_INVALID'
  const q = `/v3/buffer/${ONE}/query`
  const l = `/v3/stream/${ONE}/live`
  test.each([
    [`/v3/buffer/a*b/query`, 400, INVALID, 'cid', 'a*b'],
    [`/v3/buffer/0/query`, 400, INVALID, 'cid', '0'],
    [`/v3/buffer/2147483648/query`, 400, INVALID, 'cid', '2147483648'],
    [`/v3/buffer/..%2F..%2Fetc/query`, 400, INVALID, 'cid', '../../etc'],
    [`${q}?tick_types=`, 400, INVALID, 'tick_types', ''],
    [`${q}?tick_types=BidAsk`, 400, INVALID, 'tick_types', 'BidAsk'],
    [`${q}?tick_types=last,foo`, 400, INVALID, 'tick_types', 'last,foo'],
    [`${q}?tick_types=last&tick_types=bid_ask`, 400, INVALID, 'tick_types', ['last', 'bid_ask']],
    [`${q}?start_time=2025-07-30T14:00:00`, 400, INVALID, 'start_time', '2025-07-30T14:00:00'],
    [`${q}?end_time=soon`, 400, INVALID, 'end_time', 'soon'],
    [`${q}?session=2025-02-30`, 400, INVALID, 'session', '2025-02-30'],
    [`${q}?hours=all`, 400, INVALID, 'hours', 'all'],
    [`${q}?tz=Mars`, 400, INVALID, 'tz', 'Mars'],
    [`${q}?session=2025-07-30&start_time=1`, 400, 'IBS_QUERY_RANGE_INVALID', 'start_time', '1'],
    [`${q}?buffer_duration=5`, 400, INVALID, 'buffer_duration', '5'],
    [`${q}?format=xml`, 400, INVALID, 'format', 'xml'],
    [`${q}?last=0`, 400, INVALID, 'last', '0'],
    [`${q}?cursor=l.a.1.2`, 400, INVALID, 'cursor', 'l.a.1.2'],
    [`${q}?expanded=maybe`, 400, INVALID, 'expanded', 'maybe'],
    [`${q}?limit=0`, 400, INVALID, 'limit', '0'],
    [`${q}?limit=-1`, 400, INVALID, 'limit', '-1'],
    [`${q}?limit=1.5`, 400, INVALID, 'limit', '1.5'],
    [`${q}?limit=`, 400, INVALID, 'limit', ''],
    [`${q}?raw=true`, 400, 'IBS_QUERY_PARAMETER_UNKNOWN', 'raw', 'true'],
    [`${q}?__proto__=1`, 400, 'IBS_QUERY_PARAMETER_UNKNOWN', '__proto__', '1'],
    [`${q}?start_time=1&end_time=2&buffer_duration=1s`, 400, 'IBS_QUERY_RANGE_INVALID', 'buffer_duration', '1s'],
    [`${q}?start_time=2&end_time=2`, 400, 'IBS_QUERY_RANGE_INVALID', 'end_time', '2'],
    [`${q}?start_time=2100-01-01Z`, 400, 'IBS_QUERY_RANGE_INVALID', 'start_time', '2100-01-01Z'],
    [`${l}?tick_types=foo`, 400, INVALID, 'tick_types', 'foo'],
    [`${l}?raw=1`, 400, 'IBS_QUERY_PARAMETER_UNKNOWN', 'raw', '1'],
    [`${l}?last_event_id=x`, 400, INVALID, 'last_event_id', 'x'],
  ])('GET %s: %d %s in %s', async (path, status, code, field, value) => {
    const response = await fetch(`${server.url}${path}`)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(response.status).toBe(status)
    const problem = (await response.json()) as Record<string, unknown>
    expect(problem).toMatchObject({
      type: `urn:ib-stream:error:${code}`,
      status,
      code,
      field,
      value,
      title: expect.any(String),
      detail: expect.any(String),
    })
    expect(problem.allowed).toBeDefined()
  })

  test('an unknown route, method or format names what there is', async () => {
    const unknown = await page('/v2/info')
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'IBS_QUERY_ROUTE_UNKNOWN', allowed: expect.arrayContaining(['GET /v3/info']) }),
    ])
    const posted = await page('/v3/info', { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(await posted.json()).toMatchObject({ code: 'IBS_QUERY_METHOD_NOT_ALLOWED', allowed: ['GET', 'HEAD'] })
    expect(await (await page('/v3/%zz')).json()).toMatchObject({ status: 400, code: 'IBS_QUERY_REQUEST_INVALID' })
    const image = await query({}, { accept: 'image/png' })
    expect([image.status, ((await image.json()) as { code: string }).code]).toEqual([406, 'IBS_QUERY_FORMAT_UNACCEPTABLE'])
  })

  test('live ticks are refused with 503 until the bus is there', async () => {
    const response = await fetch(`${server.url}${l}`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ code: 'IBS_QUERY_LIVE_UNAVAILABLE' })
  })

  test('a failure inside says nothing of the inside', async () => {
    const failures: [unknown, string][] = []
    const fail = () => {
      throw new Error('secret path')
    }
    await using broken = await startServer({ dataDir: recording.dataDir, nowUs: fail, onFailure: (...failure) => failures.push(failure) })
    const response = await fetch(`${broken.url}${q}`, { headers: { 'x-request-id': 'mine' } })
    const body = await response.text()
    expect(JSON.parse(body)).toMatchObject({ status: 500, code: 'IBS_QUERY_INTERNAL' })
    expect(body).not.toContain('secret')
    expect(failures).toEqual([[expect.objectContaining({ message: 'secret path' }), 'mine']])
  })
})

describe('pages', () => {
  test('/v3/info describes fields, formats and every parameter', async () => {
    const info = (await (await page('/v3/info')).json()) as Info
    expect(info.tick_types).toEqual(['bid_ask', 'last', 'all_last', 'mid_point'])
    expect(info.fields.map(({ key }) => key)).toContain('bpl')
    const route = info.endpoints.find(({ path }) => path === '/v3/buffer/{cid}/query')
    expect(route?.parameters.map(({ name }) => name)).toEqual([
      'tick_types',
      'start_time',
      'end_time',
      'buffer_duration',
      'session',
      'hours',
      'tz',
      'committed',
      'format',
      'limit',
      'last',
      'cursor',
      'expanded',
    ])
  })

  test('/health and /ready tell the state, 503 when not ready; /metrics counts', async () => {
    expect(await (await page('/health')).json()).toMatchObject({ ready: true })
    const health = () => ({ service: 'query-api', state: 'degraded' as const, ready: false, uptimeSeconds: 0, parts: {} })
    await using away = await startServer({ dataDir: recording.dataDir, health })
    expect((await fetch(`${away.url}/ready`)).status).toBe(503)
    expect(await (await page('/metrics')).text()).toMatch(/ibs_query_ticks_total\{format="ndjson"\} \d+/)
  })
})
