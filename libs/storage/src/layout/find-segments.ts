import { hourOf, TICK_TYPES, type TickType, US_PER_DAY, US_PER_HOUR, usFromMs } from '@ib-stream/model'
import { type Backend, folderOf } from './backend.ts'
import { listFolder } from './list-folder.ts'
import { parseSegmentPath, type Segment } from './segment-path.ts'

export interface SegmentQuery {
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` wanted, µs UTC. */
  startUs: number
  /** First `ts` not wanted. */
  endUs: number
}

/**
 * The files of one backend that may hold ticks of a range, in order of hour, contract, tick type and stamp.
 * Lists only folders that lie in the range and opens no file; names that are none of ours are left alone.
 * @throws StorageError `IBS_STORAGE_LINK_REFUSED`
 */
export async function findSegments(dataDir: string, backend: Backend, query: SegmentQuery): Promise<Segment[]> {
  if (query.startUs >= query.endUs) return []
  const cids = new Set(query.cids)
  const tts = new Set(query.tts)
  const found: Segment[] = []
  for (const day of await dayFolders(dataDir, backend, query)) {
    const hours = await children(dataDir, day.path, (hour) => day.startUs + Number(hour) * US_PER_HOUR, US_PER_HOUR, query)
    const listings = await Promise.all(hours.map(({ path }) => listFolder(dataDir, path)))
    for (const [index, hour] of hours.entries()) {
      for (const name of listings[index] ?? []) {
        const segment = parseSegmentPath(`${hour.path}/${name}`)
        if (segment && cids.has(segment.cid) && tts.has(segment.tt)) found.push(segment)
      }
    }
  }
  return found.sort(compareSegments)
}

/** True where a file may hold ticks of a range. */
export const isInRange = ({ cid, tt, hourUs }: Segment, { cids, tts, startUs, endUs }: SegmentQuery): boolean =>
  cids.includes(cid) && tts.includes(tt) && hourUs < endUs && hourUs + US_PER_HOUR > startUs

/** Order of reading: hour, contract, tick type, stamp. */
export function compareSegments(a: Segment, b: Segment): number {
  return a.hourUs - b.hourUs || a.cid - b.cid || TICK_TYPES.indexOf(a.tt) - TICK_TYPES.indexOf(b.tt) || a.stampSeconds - b.stampSeconds
}

interface Folder {
  path: string
  startUs: number
}

async function dayFolders(dataDir: string, backend: Backend, query: SegmentQuery): Promise<Folder[]> {
  const days: Folder[] = []
  const utc = (year: string, month = '01', day = '01') => usFromMs(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  for (const year of await children(dataDir, folderOf(backend), (name) => utc(name), 366 * US_PER_DAY, query)) {
    const yearName = year.path.slice(-4)
    for (const month of await children(dataDir, year.path, (name) => utc(yearName, name), 31 * US_PER_DAY, query)) {
      const monthName = month.path.slice(-2)
      days.push(...(await children(dataDir, month.path, (name) => utc(yearName, monthName, name), US_PER_DAY, query)))
    }
  }
  return days
}

/** Folders below `path` whose time, at most `spanUs` long, touches the range; in order of time. */
async function children(
  dataDir: string,
  path: string,
  startOf: (name: string) => number,
  spanUs: number,
  query: SegmentQuery,
): Promise<Folder[]> {
  const firstUs = hourOf(query.startUs)
  return (await listFolder(dataDir, path))
    .filter((name) => /^\d{2,4}$/.test(name))
    .map((name) => ({ path: `${path}/${name}`, startUs: startOf(name) }))
    .filter(({ startUs }) => startUs < query.endUs && startUs + spanUs > firstUs)
    .sort((a, b) => a.startUs - b.startUs)
}
