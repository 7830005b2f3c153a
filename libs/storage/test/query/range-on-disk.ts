import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hourOf, partitionOf, TICK_TYPES, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { expect } from '@jest/globals'
import { encodeTickJson } from '../../src/codec/json.ts'
import { encodeTickProto } from '../../src/codec/proto.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { type BatchOptions, openRange, type TickRange } from '../../src/query/open-range.ts'
import type { RangeOptions } from '../../src/query/plan-range.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { tickAt } from '../arbitrary-tick.ts'

/** In partition 9. */
export const CID = 8314
export const HOUR_US = hourOf(1753884000_000000)
export const ENCODE: Record<OwnBackend, (tick: TickMessage) => Uint8Array> = {
  json: (tick) => Buffer.from(`${encodeTickJson(tick)}\n`),
  pb: encodeTickProto,
}
export const fileOf = (tick: TickMessage, backend: OwnBackend) =>
  segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) })

/** Files as imports and older recordings leave them: no checkpoint. */
export async function put(dataDir: string, path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true })
  await appendFile(join(dataDir, path), bytes)
}

export async function putTicks(dataDir: string, ticks: readonly TickMessage[], backend: OwnBackend = 'json'): Promise<void> {
  for (const [path, some] of Map.groupBy(ticks, (tick) => fileOf(tick, backend)))
    await put(dataDir, path, Buffer.concat(some.map((tick) => ENCODE[backend](tick))))
}

/** Records ticks of one contract through its store, one a message. */
export async function record(dataDir: string, ticks: readonly TickMessage[], backend: OwnBackend = 'json'): Promise<void> {
  await using store = await openPartitionStore({
    dataDir,
    backend,
    partition: partitionOf(CID),
    source: { spoolId: 'spool', source: 'simulator' },
  })
  for (const tick of ticks) {
    store?.append(fileOf(tick, backend), ENCODE[backend](tick))
    store?.advance(store.seq + 1, tick.st)
  }
  await store?.commitVisible()
}

export const open = (dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickRange> =>
  openRange({ dataDir, cids: [CID], tts: TICK_TYPES, startUs: HOUR_US, endUs: HOUR_US + 24 * US_PER_HOUR, ...other })

export async function all(range: TickRange, options?: BatchOptions): Promise<TickMessage[]> {
  const ticks: TickMessage[] = []
  for await (const batch of range.batches(options)) ticks.push(...batch)
  return ticks
}

export async function rows(range: TickRange, options?: BatchOptions): Promise<TickMessage[]> {
  const batches = await Array.fromAsync(range.columns(options)) // read at the end only: they belong to the caller
  return batches.flatMap((columns) => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row)))
}

export async function bytesOf(range: TickRange, format: OwnBackend): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of range.bytes({ format, chunkBytes: 500 })) kept.push(chunk)
  const lent: Uint8Array[] = []
  for await (const chunk of range.bytes({ format, chunkBytes: 500, chunks: 'lent' })) lent.push(Uint8Array.from(chunk))
  expect(Buffer.concat(lent)).toEqual(Buffer.concat(kept))
  return Buffer.concat(kept)
}

export async function query(dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickMessage[]> {
  await using range = await open(dataDir, other)
  return await all(range) // before the range closes
}

export const second = (n: number) => HOUR_US + n * US_PER_SECOND
export const quotes = (count: number, everySeconds = 1): TickMessage[] =>
  Array.from({ length: count }, (_, n) => tickAt(n, { ts: second(n * everySeconds) }))
