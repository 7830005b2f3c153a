import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isoFromUs, partitionOf, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { openPartitionStore } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, openRecording, type Recording } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const [ONE, TWO] = CIDS
/** A good two hours: the first is closed, the last is not. */
const ticks = market(2_400, { seed: 71, stepUs: 3 * US_PER_SECOND })
const NOW = DAY_US + 3 * US_PER_HOUR
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  recording = await openRecording()
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined }, nowUs: () => NOW })
  await recording.publish(ticks)
  const last = (await recording.messages()).at(-1)?.seq ?? 0
  for (const cid of [ONE, TWO]) {
    for (const backend of ['json', 'pb'] as const) {
      await recording.write(backend, cid, last)
      await closeHours(backend, cid)
    }
  }
  // of an older recorder: no manifest knows it, and its stamp is no whole hour
  const folder = join(recording.dataDir, 'json/2025/06/02/09')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, `${ONE}_last_1748855299.jsonl`),
    '{"ts":1748855299000000,"st":1748855299000001,"cid":1,"tt":"last","rid":1,"p":1,"s":1}\n',
  )
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

/** As a writer does every ten seconds. */
async function closeHours(backend: 'json' | 'pb', cid: number): Promise<void> {
  const source = { spoolId: recording.publisher.spool.id, source: 'simulator' as const }
  const store = await openPartitionStore({ dataDir: recording.dataDir, backend, partition: partitionOf(cid), source })
  await store?.commitDurable()
  await store?.close()
}

interface File {
  name: string
  backend: string
  tick_type: string
  hour: string
  state: string
  bytes: number
  ticks: number | null
  crc32c: string | null
  url: string | null
}
interface Listing {
  files: File[]
  total_bytes: number
  is_whole: boolean
}
const json = async <Body>(path: string) => (await (await fetch(`${server.url}${path}`)).json()) as Body
const list = (query = '', cid: number = ONE) => json<Listing>(`/v3/storage/files/${cid}?${query}`)
const onDisk = (backend: string) =>
  readdirSync(join(recording.dataDir, backend), { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [{ name: entry.name, path: join(entry.parentPath, entry.name) }] : [],
  )
const pathOf = ({ backend, name }: File): string => onDisk(backend).find((one) => one.name === name)?.path ?? ''

describe('the list', () => {
  test('has every file of the contract, the newest first, with its ticks and state', async () => {
    const { files, total_bytes, is_whole } = await list()
    const wanted = ['json', 'pb'].flatMap(onDisk).filter(({ name }) => name.startsWith(`${ONE}_`))
    expect(files.map(({ name }) => name).toSorted()).toEqual(wanted.map(({ name }) => name).toSorted())
    expect(files.map(({ hour }) => hour)).toEqual(
      files
        .map(({ hour }) => hour)
        .toSorted()
        .reverse(),
    )
    expect([total_bytes, is_whole]).toEqual([wanted.reduce((sum, { path }) => sum + statSync(path).size, 0), true])
    const states = Object.groupBy(files, ({ state }) => state)
    expect(states.closed?.every(({ ticks: count, crc32c, url }) => count !== null && crc32c !== null && url !== null)).toBe(true)
    expect(states.open?.every(({ ticks: count, url }) => count !== null && url === null)).toBe(true)
    expect(states.unknown).toMatchObject([{ name: `${ONE}_last_1748855299.jsonl`, ticks: null }])
    expect([states.closed?.length ?? 0, states.open?.length ?? 0].every((count) => count >= 4)).toBe(true)
    const mine = files.filter(({ backend, tick_type, state }) => backend === 'pb' && tick_type === 'last' && state !== 'unknown')
    expect(mine.reduce((sum, { ticks: count }) => sum + (count ?? 0), 0)).toBe(
      ticks.filter(({ cid, tt }) => cid === ONE && tt === 'last').length,
    )
  })

  test('is narrowed by backend, type, time and number', async () => {
    expect((await list('backend=pb')).files.every(({ backend }) => backend === 'pb')).toBe(true)
    expect((await list('tick_types=last')).files.every(({ tick_type }) => tick_type === 'last')).toBe(true)
    const hour = (await list(`start_time=${DAY_US}&buffer_duration=1h`)).files
    expect(new Set(hour.map((file) => file.hour))).toEqual(new Set([isoFromUs(DAY_US)]))
    expect(await list('limit=3')).toMatchObject({ is_whole: false, files: [{}, {}, {}] })
    expect((await list('', 5)).files).toEqual([])
    expect(await list('backend=xml')).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'backend' })
  })
})

describe('a download', () => {
  const closed = async (backend: string) => {
    const file = (await list(`backend=${backend}`)).files.find(({ state }) => state === 'closed')
    if (!file?.url) throw new Error('no closed file')
    return { file, url: `${server.url}${file.url}`, bytes: readFileSync(pathOf(file)) }
  }
  const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

  test.each([
    ['json', 'application/x-ndjson'],
    ['pb', 'application/x-protobuf'],
  ])('of %s is the file, byte for byte', async (backend, type) => {
    const { file, url, bytes } = await closed(backend)
    const response = await fetch(url)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${file.name}"`)
    expect((await bodyOf(response)).equals(bytes)).toBe(true)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.headers.get('content-length'), head.headers.get('accept-ranges')]).toEqual([String(bytes.length), 'bytes'])
    expect(head.headers.get('etag')).toBe(`"${file.crc32c}-${file.bytes}"`)
  })

  test('goes on where it broke off: the parts are the whole, and only of the same file', async () => {
    const { url, bytes } = await closed('json')
    const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? ''
    const part = (range: string, more: Record<string, string> = {}) => fetch(url, { headers: { range, ...more } })
    const [a, b, c] = await Promise.all([part('bytes=0-99'), part('bytes=100-', { 'if-range': etag }), part('bytes=-10')])
    expect([a, b, c].map((response) => response.status)).toEqual([206, 206, 206])
    expect(a.headers.get('content-range')).toBe(`bytes 0-99/${bytes.length}`)
    expect(Buffer.concat([await bodyOf(a), await bodyOf(b)]).equals(bytes)).toBe(true)
    expect((await bodyOf(c)).equals(bytes.subarray(-10))).toBe(true)
    const other = await part('bytes=100-', { 'if-range': '"another"' })
    expect([other.status, (await bodyOf(other)).length]).toEqual([200, bytes.length])
    const outside = await part(`bytes=${bytes.length}-`)
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`])
    expect(await outside.json()).toMatchObject({ code: 'IBS_QUERY_BYTES_OUTSIDE', field: 'Range' })
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  test('of an older recording works too; of a file that may grow, that is not there or that is no file of the contract it is refused', async () => {
    const old = (await list()).files.find(({ state }) => state === 'unknown') as File
    expect((await bodyOf(await fetch(`${server.url}${old.url}`))).equals(readFileSync(pathOf(old)))).toBe(true)
    const open = (await list()).files.find(({ state }) => state === 'open') as File
    const stamp = /_(\d+)\./.exec(open.name)?.[1]
    expect(await json(`/v3/storage/files/${ONE}/${open.backend}/${open.tick_type}/${stamp}`)).toMatchObject({
      code: 'IBS_QUERY_FILE_OPEN',
      status: 409,
    })
    expect(await json(`/v3/storage/files/${TWO}/json/last/1748855299`)).toMatchObject({ code: 'IBS_QUERY_FILE_UNKNOWN', status: 404 })
    for (const path of [`${ONE}/json/last/1`, `${ONE}/pb/all_last/1753880400`, `${ONE}/json/last/999999999999`])
      expect(await json(`/v3/storage/files/${path}`)).toMatchObject({ code: 'IBS_QUERY_FILE_UNKNOWN' })
    for (const path of [`${ONE}/json/last/..%2f`, `${ONE}/..%2f..%2fsecret/last/1`, `${ONE}/json/%2fetc%2fpasswd/1`, `..%2f/json/last/1`])
      expect(await json(`/v3/storage/files/${path}`)).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID' })
  })
})

test('the sums are those of the tree, by backend, contract and type', async () => {
  interface Sums {
    files: number
    bytes: number
    ticks: number | null
    last_24_hours: { bytes: number; ticks: number }
    last_7_days: { bytes: number }
  }
  type Stats = {
    total_bytes: number
    total_files: number
    backends: Record<string, Sums & { streams: (Sums & { contract_id: number; tick_type: string })[] }>
  }
  const stats = await json<Stats>('/v3/storage/stats')
  for (const backend of ['json', 'pb']) {
    const all = onDisk(backend)
    const sum = (files: { path: string }[]) => files.reduce((bytes, { path }) => bytes + statSync(path).size, 0)
    expect(stats.backends[backend]).toMatchObject({ files: all.length, bytes: sum(all) })
    for (const { contract_id, tick_type, bytes, files, ticks: count, last_24_hours } of stats.backends[backend]?.streams ?? []) {
      const some = all.filter(({ name }) => name.startsWith(`${contract_id}_${tick_type}_`))
      expect({ files, bytes }).toEqual({ files: some.length, bytes: sum(some) })
      const recorded = ticks.filter(({ cid, tt }) => cid === contract_id && tt === tick_type).length
      expect(last_24_hours.ticks).toBe(recorded)
      expect(count).toBe(backend === 'json' && contract_id === ONE && tick_type === 'last' ? null : recorded)
    }
  }
  expect(stats.backends.json?.last_7_days.bytes).toBeLessThan(stats.backends.json?.bytes ?? 0)
  expect(stats.total_files).toBe(['json', 'pb'].flatMap(onDisk).length)
  const some = await json<Stats>(`/v3/storage/stats?contracts=${TWO}`)
  expect(new Set(some.backends.pb?.streams.map(({ contract_id }) => contract_id))).toEqual(new Set([TWO]))
})
