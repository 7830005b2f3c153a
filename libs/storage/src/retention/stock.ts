import { partitionOf, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDays } from '../layout/list-days.ts'
import type { SealedDay } from '../layout/sealed-path.ts'
import type { Segment } from '../layout/segment-path.ts'
import type { OpenedSealed } from '../query/sealed-snapshot.ts'
import { type HeldFile, readDayFiles } from './day-hours.ts'
import { openUndamaged, STAT_BLOCK_BYTES, sealedDays } from './sealed-days.ts'

/** A file of ticks that is there. That of a sealed day begins with the first hour of its day. */
export interface StockFile extends Segment {
  /** `closed`: as its manifest says; `open`: a writer may still add to it; `unknown`: older than manifests; `differs`: not as its manifest says. */
  state: 'closed' | 'open' | 'unknown' | 'differs'
  /** What of it counts. */
  bytes: number
  /** Blocks that it takes on the disk. */
  diskBytes: number
  /** Undefined where neither manifest nor checkpoint say. */
  ticks: number | undefined
  /** Smallest and largest `ts`, µs UTC, and CRC-32C of its bytes (a sealed file has sums of its own inside): of closed files. */
  closed: { firstTs: number; lastTs: number; crc32c: number | undefined } | undefined
  /** The hours that it has ticks of, and their share of it. */
  hours: readonly { hourUs: number; bytes: number; ticks: number | undefined }[]
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
 * The files of a backend, the newest day first, in each day by hour, contract and tick type; reads names, sizes, manifests and checkpoints, of sealed files the footers, no ticks.
 * @throws StorageError `IBS_STORAGE_LINK_REFUSED`; `signal.reason`
 */
export async function* takeStock(query: StockQuery): AsyncGenerator<readonly StockFile[], void, undefined> {
  const { dataDir, backend, startUs = 0, endUs = Number.POSITIVE_INFINITY, cid, signal } = query
  const sealed = backend === SEALED_BACKEND ? await sealedDays(dataDir, { startUs, endUs, cid }) : new Map<number, SealedDay[]>()
  const days = new Set([
    ...(await listDays(dataDir, backend)).filter((dayUs) => dayUs < endUs && dayUs + US_PER_DAY > startUs),
    ...sealed.keys(),
  ])
  for (const dayUs of [...days].sort((a, b) => b - a)) {
    signal?.throwIfAborted()
    const files = await readDayFiles(dataDir, backend, dayUs, cid === undefined ? undefined : partitionOf(cid))
    const there = files.flatMap(stockFile).filter((file) => cid === undefined || file.cid === cid)
    for (const day of sealed.get(dayUs) ?? []) there.push(...(await openUndamaged(dataDir, day)).map(sealedFile))
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
  return [{ ...segment, state, bytes, diskBytes, ticks, closed, modifiedMs, hours: [{ hourUs: segment.hourUs, bytes, ticks }] }]
}

function sealedFile({ path: { path, cid, tt, dayUs, hourUs = dayUs }, footer: { facts }, found }: OpenedSealed): StockFile {
  const [first, last] = [facts.hours[0], facts.hours.at(-1)]
  return {
    ...{ path, backend: SEALED_BACKEND, cid, tt, hourUs, stampSeconds: hourUs / US_PER_SECOND },
    ...{ state: 'closed', bytes: found.size, diskBytes: found.blocks * STAT_BLOCK_BYTES, ticks: facts.count, modifiedMs: found.mtimeMs },
    closed: first && last && { firstTs: first.firstTs, lastTs: last.lastTs, crc32c: undefined },
    hours: facts.hours.map((hour) => ({
      hourUs: hour.hourUs,
      bytes: Math.round((found.size * hour.count) / facts.count),
      ticks: hour.count,
    })),
  }
}
