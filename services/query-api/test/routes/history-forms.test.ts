import { get, type IncomingMessage } from 'node:http'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compareTicks, isoFromUs, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { decodeSealed, decodeTickJson } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { tableFromIPC } from 'apache-arrow'
import { CIDS, DAY_US, market, openRecording, type Recording, TYPES } from '../../../../libs/tape/test/recording.ts'
import { expand } from '../../src/history/expanded.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const [ONE, TWO] = CIDS
// three hours; the first two are closed once everything is written
const ticks = market(3_000, { seed: 41, stepUs: 4 * US_PER_SECOND })
const newest = ticks.at(-1) ?? { ts: 0, st: 0 }
ticks.push({ ts: newest.ts, st: newest.st + 1, cid: ONE, tt: 'last', rid: 1, p: 1, ex: 'A "quoted", one', sc: 'ü' })
const CLOSED = { start_time: isoFromUs(DAY_US), end_time: isoFromUs(DAY_US + US_PER_HOUR), tick_types: 'bid_ask,last' }
const ALL = { start_time: '0', end_time: String(DAY_US + 24 * US_PER_HOUR), tick_types: 'bid_ask,last' }
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  recording = await openRecording()
  await recording.publish(ticks)
  const lastSeq = (await recording.messages()).at(-1)?.seq ?? 0
  for (const cid of [ONE, TWO]) {
    await recording.write('json', cid, lastSeq - 40)
    await recording.write('pb', cid, lastSeq - 20)
  }
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined } })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

const wanted = (cids: readonly number[], tts: readonly TickType[] = TYPES, startUs = 0, endUs = Number.MAX_SAFE_INTEGER) =>
  ticks.filter((tick) => cids.includes(tick.cid) && tts.includes(tick.tt) && tick.ts >= startUs && tick.ts < endUs).toSorted(compareTicks)

const query = (parameters: Record<string, string>, init: RequestInit = {}, path = `/v3/buffer/${ONE}/query`) =>
  fetch(`${server.url}${path}?${new URLSearchParams(parameters)}`, init)
const lines = async (response: Response): Promise<TickMessage[]> => (await response.text()).split('\n').slice(0, -1).map(decodeTickJson)

describe('formats', () => {
  test('csv has a column for each field, quoted where it must be', async () => {
    const response = await query({ ...ALL, format: 'csv' })
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    const [head, ...rows] = (await response.text()).split('\r\n').slice(0, -1)
    expect(head).toBe('ts,st,cid,tt,rid,p,s,bp,bs,ap,as,mp,ex,sc,bpl,aph,upt,pl,bf')
    const all = wanted([ONE])
    expect(rows).toHaveLength(all.length)
    const quote = all.findIndex(({ tt }) => tt === 'bid_ask')
    const { ts, st, cid, rid, bp, bs, ap, as } = all[quote] as Extract<TickMessage, { tt: 'bid_ask' }>
    expect(rows[quote]).toBe(`${ts},${st},${cid},bid_ask,${rid},,,${bp},${bs},${ap},${as},,,,,,,,`)
    expect(rows.at(-1)).toContain(',"A ""quoted"", one",ü,')
  })

  test('arrow has typed columns, null where a tick carries nothing', async () => {
    const table = tableFromIPC(new Uint8Array(await (await query({ ...ALL, format: 'arrow' })).arrayBuffer()))
    expect(String(table.schema.fields[0])).toBe('ts: Timestamp<MICROSECOND, UTC>')
    const rows = Array.from({ length: table.numRows }, (_, i) => {
      const { ts, st, ...row } = (table.get(i) ?? { toJSON: () => ({}) }).toJSON() as Record<string, unknown>
      const carried = Object.entries(row).filter(([, value]) => value !== null && value !== false)
      return { ...Object.fromEntries(carried), ms: ts, stMs: st }
    })
    const expected = wanted([ONE]).map(({ ts, st, ...tick }) => ({ ...tick, ms: ts / 1_000, stMs: st / 1_000 }))
    expect(rows).toEqual(expected)
    const empty = tableFromIPC(new Uint8Array(await (await query({ start_time: '1', end_time: '2', format: 'arrow' })).arrayBuffer()))
    expect([empty.numRows, empty.schema.fields.length]).toEqual([0, 19])
  })

  test('parquet is a file of one contract and tick type that gives back each tick; several are refused', async () => {
    for (const tt of TYPES) {
      const response = await query({ ...ALL, tick_types: tt, format: 'parquet' })
      expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet')
      expect(await decodeSealed(new Uint8Array(await response.arrayBuffer()))).toEqual(wanted([ONE], [tt]))
    }
    const part = await query({ ...ALL, tick_types: 'last', format: 'parquet', last: '7' })
    expect(await decodeSealed(new Uint8Array(await part.arrayBuffer()))).toEqual(wanted([ONE], ['last']).slice(-7))
    const empty = await query({ start_time: '1', end_time: '2', tick_types: 'last', format: 'parquet' })
    expect(await decodeSealed(new Uint8Array(await empty.arrayBuffer()))).toEqual([])
    expect(await (await query({ ...ALL, format: 'parquet' })).json()).toMatchObject({
      code: 'IBS_QUERY_PARAMETER_INVALID',
      field: 'format',
    })
    const several = await query({ ...ALL, tick_types: 'last', contracts: CIDS.join(), format: 'parquet' }, {}, '/v3/ticks')
    expect(await several.json()).toMatchObject({ field: 'format', value: 'parquet' })
    const long = await query({ ...ALL, tick_types: 'last', format: 'parquet', expanded: '1' })
    expect(await long.json()).toMatchObject({ field: 'expanded' })
  })

  test('long names are the same in json, ndjson, csv and arrow, and refused in protobuf', async () => {
    const asked = { ...CLOSED, expanded: 'true' }
    const expected = wanted([ONE], TYPES, DAY_US, DAY_US + US_PER_HOUR).map(expand)
    expect(((await (await query(asked)).json()) as { messages: unknown }).messages).toEqual(expected)
    const text = await (await query({ ...asked, format: 'ndjson' })).text()
    expect(
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual(expected)
    expect(await (await query({ ...asked, format: 'csv' })).text()).toMatch(/^ib_timestamp_iso,system_timestamp_iso,ib_timestamp,/)
    const table = tableFromIPC(new Uint8Array(await (await query({ ...asked, format: 'arrow' })).arrayBuffer()))
    expect(table.schema.fields.map(({ name }) => name)).toContain('bid_price')
    expect(await (await query({ ...asked, format: 'protobuf' })).json()).toMatchObject({
      code: 'IBS_QUERY_PARAMETER_INVALID',
      field: 'expanded',
    })
  })

  /** The body as it passes over the wire. */
  async function raw(encoding: string): Promise<{ encoding: string | undefined; bytes: Buffer }> {
    const url = `${server.url}/v3/buffer/${ONE}/query?${new URLSearchParams({ ...ALL, format: 'ndjson' })}`
    const response = await new Promise<IncomingMessage>((resolve) => get(url, { headers: { 'accept-encoding': encoding } }, resolve))
    return { encoding: response.headers['content-encoding'], bytes: Buffer.concat(await response.toArray()) }
  }

  test('gzip and zstd are given where they are accepted', async () => {
    const plain = await raw('identity')
    expect(plain.encoding).toBeUndefined()
    const [gzip, zstd, none] = [await raw('gzip'), await raw('gzip, zstd'), await raw('zstd;q=0, br')]
    expect([gzip.encoding, zstd.encoding, none.encoding]).toEqual(['gzip', 'zstd', undefined])
    expect(gunzipSync(gzip.bytes)).toEqual(plain.bytes)
    expect(zstdDecompressSync(zstd.bytes)).toEqual(plain.bytes)
    expect(zstd.bytes.length).toBeLessThan(plain.bytes.length / 3)
  })
})

describe('parts', () => {
  test('property: pages by limit and cursor are the whole, once, in every size', async () => {
    for (const [limit, format] of [
      [1_777, 'json'],
      [999, 'ndjson'],
      [20_001, 'ndjson'],
    ] as const) {
      const all: TickMessage[] = []
      let cursor: string | undefined
      for (let pages = 0; pages < 10; pages++) {
        const response = await query({ ...ALL, format, limit: String(limit), ...(cursor === undefined ? {} : { cursor }) })
        const header = response.headers.get('ibs-next') ?? undefined
        if (format === 'json') {
          const { messages, next } = (await response.json()) as { messages: TickMessage[]; next?: string }
          expect(next).toBe(header)
          all.push(...messages)
        } else all.push(...(await lines(response)))
        cursor = header
        if (cursor === undefined) break
      }
      expect(all).toEqual(wanted([ONE]))
    }
  })

  test('last gives the last ticks, newest at the end, those of the log among them', async () => {
    expect(await lines(await query({ ...ALL, format: 'ndjson', last: '50' }))).toEqual(wanted([ONE]).slice(-50))
    expect(await (await query({ ...ALL, last: '50', limit: '1' })).json()).toMatchObject({ code: 'IBS_QUERY_RANGE_INVALID', field: 'last' })
  })

  test('committed=1 leaves the log out and says so', async () => {
    const response = await query({ ...ALL, format: 'ndjson', committed: '1' })
    expect(response.headers.get('ibs-tail')).toBe('left_out')
    const all = wanted([ONE])
    const got = await lines(response)
    expect(got.length).toBeLessThan(all.length)
    expect(all).toEqual(expect.arrayContaining(got))
  })

  test('several contracts come in one order of time', async () => {
    const response = await query({ ...ALL, format: 'ndjson', contracts: `${ONE},${TWO}` }, {}, '/v3/ticks')
    expect(await lines(response)).toEqual(wanted([ONE, TWO]))
    const json = (await (await query({ ...CLOSED, contracts: String(TWO) }, {}, '/v3/ticks')).json()) as { contract_ids: number[] }
    expect(json.contract_ids).toEqual([TWO])
    expect(await (await query(ALL, {}, '/v3/ticks')).json()).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'contracts' })
    const session = await query({ contracts: `${ONE},${TWO}`, session: '2025-07-30' }, {}, '/v3/ticks')
    expect(await session.json()).toMatchObject({ code: 'IBS_QUERY_RANGE_INVALID', field: 'session' })
  })
})

describe('what is known before', () => {
  test('HEAD counts ticks and bytes, and gives no body', async () => {
    const response = await query({ ...CLOSED, format: 'ndjson' }, { method: 'HEAD' })
    const body = await (await query({ ...CLOSED, format: 'ndjson' })).text()
    expect([response.headers.get('ibs-ticks'), await response.text()]).toEqual([String(body.split('\n').length - 1), ''])
    expect(Number(response.headers.get('ibs-bytes'))).toBeGreaterThan(0)
  })

  test('a range of closed hours has a tag for each form of it, and 304 where it is known', async () => {
    const first = await query({ ...CLOSED, format: 'ndjson' }, { headers: { 'accept-encoding': 'identity' } })
    await first.text()
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)
    const again = await query(
      { ...CLOSED, format: 'ndjson' },
      { headers: { 'if-none-match': `"x", ${etag}`, 'accept-encoding': 'identity' } },
    )
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    const gzip = await query({ ...CLOSED, format: 'ndjson' }, { headers: { 'if-none-match': etag, 'accept-encoding': 'gzip' } })
    expect([gzip.status, gzip.headers.get('etag')]).toEqual([200, `${etag.slice(0, -1)}-gzip"`])
    await gzip.text()
    const open = await query({ ...ALL, format: 'ndjson' })
    expect([open.headers.get('etag'), open.headers.get('cache-control')]).toEqual([null, 'no-store'])
    expect(open.headers.get('ibs-position')).toMatch(/^l\..+\.\d+\.-1$/)
    await open.text()
  })

  test('stats count by tick type; info tells from when to when, and in which files', async () => {
    const stats = (await (await query(ALL, {}, `/v3/buffer/${ONE}/stats`)).json()) as {
      total_ticks: number
      tick_types: Record<string, unknown>
    }
    const quotes = wanted([ONE], ['bid_ask'])
    expect(stats.total_ticks).toBe(wanted([ONE]).length)
    expect(stats.tick_types.bid_ask).toMatchObject({
      ticks: quotes.length,
      first: isoFromUs(quotes[0]?.ts ?? 0),
      last: isoFromUs(quotes.at(-1)?.ts ?? 0),
    })
    const info = await (await query({}, {}, `/v3/buffer/${ONE}/info`)).json()
    expect(info).toMatchObject({
      contract_id: ONE,
      available: { start: isoFromUs(wanted([ONE])[0]?.ts ?? 0) },
      tick_types: { bid_ask: { backends: { json: { files: expect.any(Number) }, pb: { files: expect.any(Number) } } } },
    })
    expect(await (await query({}, {}, `/v3/buffer/99/info`)).json()).toEqual({ contract_id: 99, tick_types: {}, available: null })
  })
})
