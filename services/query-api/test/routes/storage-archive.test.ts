import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { partitionOf, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { decodeSealed, openPartitionStore, Sealer } from '@ib-stream/storage'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, openRecording, type Recording } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const [ONE] = CIDS
/** A good two hours: the first is closed and sealed, the rows of the last wait. */
const ticks = market(2_400, { seed: 71, stepUs: 3 * US_PER_SECOND })
const mine = ticks.filter(({ cid }) => cid === ONE)
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  recording = await openRecording()
  const backends = ['json', 'pb', 'parquet'] as const
  server = await startServer({ dataDir: recording.dataDir, backends, nowUs: () => DAY_US + 3 * US_PER_HOUR })
  await recording.publish(ticks)
  await recording.write('parquet', ONE, (await recording.messages()).at(-1)?.seq ?? 0)
  const { dataDir } = recording
  const [partition, source] = [partitionOf(ONE), { spoolId: recording.publisher.spool.id, source: 'simulator' as const }]
  await using store = await openPartitionStore({ dataDir, backend: 'parquet', partition, source })
  if (!store) throw new Error('the partition is locked')
  await store.commitDurable()
  await new Sealer({ dataDir, partition, source, store }).sealHours()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

interface Listing {
  files: { name: string; backend: string; tick_type: string; state: string; ticks: number; url: string | null }[]
}
const json = async <Body>(path: string) => (await (await fetch(`${server.url}${path}`)).json()) as Body

test('the archive is listed, summed up and downloaded: sealed files by name, rows that wait as open', async () => {
  const { files } = await json<Listing>(`/v3/storage/files/${ONE}`)
  expect(files.reduce((sum, file) => sum + file.ticks, 0)).toBe(mine.length)
  const sealed = files.filter(({ state }) => state === 'closed')
  expect(sealed.length).toBeGreaterThan(1)
  for (const { name, tick_type: tt, ticks: count, url } of sealed) {
    expect(name).toMatch(new RegExp(`^cid=${ONE}_tt=${tt}_date=\\d{4}-\\d\\d-\\d\\d_\\d\\d\\.parquet$`))
    const response = await fetch(`${server.url}${url}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/vnd.apache.parquet'])
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.equals(readFileSync(join(recording.dataDir, 'parquet', name.replaceAll(/_(?=tt=|date=|\d\d\.)/g, '/'))))).toBe(true)
    expect(await decodeSealed(bytes)).toHaveLength(count)
  }
  const open = files.filter(({ state }) => state === 'open')
  expect(open.every(({ name, url }) => name.endsWith('.rows') && url === null)).toBe(true)
  expect(open.length).toBeGreaterThan(0)
  const { backends } = await json<{ backends: Record<string, { ticks: number; last_24_hours: { ticks: number } }> }>('/v3/storage/stats')
  expect(backends.parquet).toMatchObject({ ticks: mine.length, last_24_hours: { ticks: mine.length } })
  const hour = await json<Listing>(`/v3/storage/files/${ONE}?backend=parquet&start_time=${DAY_US}&buffer_duration=1h`)
  expect(hour.files.length).toBeGreaterThan(0)
  expect(hour.files.length).toBeLessThan(files.length)
})
