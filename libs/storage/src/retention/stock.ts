import { partitionOf, US_PER_DAY } from '@ib-stream/model'
import type { Backend } from '../layout/backend.ts'
import { listDays } from '../layout/list-days.ts'
import type { Segment } from '../layout/segment-path.ts'
import { type HeldFile, readDayFiles } from './day-hours.ts'

/** A file of ticks that is there. */
export interface StockFile extends Segment {
  /** `closed`: as its manifest says; `open`: a writer may still add to it; `unknown`: older than manifests; `differs`: not as its manifest says. */
  state: 'closed' | 'open' | 'unknown' | 'differs'
  /** What of it counts. */
  bytes: number
  /** Blocks that it takes on the disk. */
  diskBytes: number
  /** Undefined where neither manifest nor checkpoint say. */
  ticks: number | undefined
  /** Smallest and largest `ts`, µs UTC, and CRC-32C of its bytes: of closed files. */
  closed: { firstTs: number; lastTs: number; crc32c: number } | undefined
  /** ms since 1970. */
  modifiedMs: number
}

export interface StockQuery {
  dataDir: string
  backend: Backend
  /** Days of `ts` that [startUs, endUs) touches, µs UTC. @default all */
  startUs?: number
  endUs?: number
  /** Only of the contracts of this partition. */
  cid?: number
  signal?: AbortSignal
}

/**
 * The files of a backend, the newest day first, in each day by hour, contract and tick type; reads names, sizes, manifests and checkpoints, no ticks.
 * @throws StorageError `IBS_STORAGE_LINK_REFUSED`; `signal.reason`
 */
export async function* takeStock(query: StockQuery): AsyncGenerator<readonly StockFile[], void, undefined> {
  const { dataDir, backend, startUs = 0, endUs = Number.POSITIVE_INFINITY, cid, signal } = query
  const days = (await listDays(dataDir, backend)).filter((dayUs) => dayUs < endUs && dayUs + US_PER_DAY > startUs)
  for (const dayUs of days.reverse()) {
    signal?.throwIfAborted()
    const files = await readDayFiles(dataDir, backend, dayUs, cid === undefined ? undefined : partitionOf(cid))
    const there = files.flatMap((file) => stockFile(file)).filter((file) => cid === undefined || file.cid === cid)
    there.sort((a, b) => a.hourUs - b.hourUs || a.cid - b.cid || (a.tt < b.tt ? -1 : a.tt > b.tt ? 1 : a.stampSeconds - b.stampSeconds))
    if (there.length > 0) yield there
  }
}

function stockFile({ segment, state, entry, committed, fileBytes, diskBytes, modifiedMs }: HeldFile): StockFile[] {
  if (state === 'gone' || fileBytes === undefined) return []
  const bytes = committed?.bytes ?? fileBytes
  const isClosed = state === 'closed' && entry !== undefined
  const ticks = isClosed ? entry.count : committed?.ticks
  const closed = isClosed ? { firstTs: entry.firstTs, lastTs: entry.lastTs, crc32c: entry.crc32c } : undefined
  return [{ ...segment, state, bytes, diskBytes, ticks, closed, modifiedMs }]
}
