import { hourOf, isoFromUs, isTickType, type TickType, US_PER_DAY, US_PER_HOUR, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { type Backend, extensionOf, folderOf, isBackend, SEALED_BACKEND } from './backend.ts'
import { parseManifestPath } from './manifest-path.ts'

/** One file of ticks: one contract, one tick type, one hour of `ts`. */
export interface Segment {
  /** Relative to DATA_DIR, with `/`. */
  path: string
  backend: Backend
  cid: number
  tt: TickType
  /** First µs of the UTC hour whose folder holds the file. */
  hourUs: number
  /** The number in the name, epoch s: the hour in files of this system, anything in older recordings, the hour + 1 in imported files. */
  stampSeconds: number
}

/**
 * Path of the file that takes a tick, relative to DATA_DIR.
 * @param s.hourUs first µs of the hour, see `hourOf` of the model
 * @throws StorageError `IBS_STORAGE_PATH_INVALID` for a contract or hour that cannot be
 */
export function segmentPath(s: { backend: Backend; cid: number; tt: TickType; hourUs: number }): string {
  if (!Number.isSafeInteger(s.cid) || s.cid <= 0 || !Number.isSafeInteger(s.hourUs) || s.hourUs !== hourOf(s.hourUs)) {
    throw new StorageError(
      'IBS_STORAGE_PATH_INVALID',
      `contract ${s.cid} at ${s.hourUs} µs is no whole hour of a contract; use hourOf(ts)`,
      { ...s },
    )
  }
  return `${folderOf(s.backend)}/${hourFolder(s.hourUs)}/${s.cid}_${s.tt}_${s.hourUs / US_PER_SECOND}.${extensionOf(s.backend)}`
}

let lastHourUs = Number.NaN
let lastFolder = ''

/** `2025/07/30/14`. Remembers the last answer: a writer asks for the same hour for each tick. */
function hourFolder(hourUs: number): string {
  if (hourUs !== lastHourUs) {
    lastFolder = isoFromUs(hourUs).slice(0, 13).replace(/[-T]/g, '/')
    lastHourUs = hourUs
  }
  return lastFolder
}

const SEGMENT =
  /^(\w+|\.state\/parquet\/rows)\/(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\/([1-9]\d{0,9})_(bid_ask|last|all_last|mid_point)_(\d{1,12})\.(\w+)$/

/** What a path says, or undefined where it is none of ours. Stamps need not be whole hours: the folder says the hour. */
export function parseSegmentPath(path: string): Segment | undefined {
  const [, folder, year, month, day, hour, cid, tt, stamp, extension] = SEGMENT.exec(path) ?? []
  const backend = folder?.startsWith('.') ? SEALED_BACKEND : folder
  if (!isBackend(backend) || folderOf(backend) !== folder || extension !== extensionOf(backend) || !isTickType(tt)) return undefined
  const hourUs = usFromMs(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour)))
  if (hourFolder(hourUs) !== `${year}/${month}/${day}/${hour}`) return undefined // 2025/02/30: Date.UTC would move it to March
  return { path, backend, cid: Number(cid), tt, hourUs, stampSeconds: Number(stamp) }
}

/** File of the recorder events of a UTC day, by their `st`; relative to DATA_DIR. */
export const eventsPath = (stUs: number): string => `events/${isoFromUs(stUs).slice(0, 10)}.jsonl`

const EVENTS = /^events\/(\d{4}-\d\d-\d\d)\.jsonl$/

/** First µs of the day of an events file, or undefined where the path is none. */
export function parseEventsPath(path: string): number | undefined {
  const dayUs = usFromMs(Date.parse(`${EVENTS.exec(path)?.[1]}T00:00:00Z`))
  return eventsPathOrNone(dayUs) === path ? dayUs : undefined
}

const eventsPathOrNone = (dayUs: number): string | undefined => (Number.isNaN(dayUs) ? undefined : eventsPath(dayUs))

/** First µs after the hour (for events and manifests: the day) that a file holds; undefined for a path that is none of ours. */
export function endOfFileUs(path: string): number | undefined {
  const segment = parseSegmentPath(path)
  if (segment) return segment.hourUs + US_PER_HOUR
  const dayUs = parseEventsPath(path) ?? parseManifestPath(path)?.dayUs
  return dayUs === undefined ? undefined : dayUs + US_PER_DAY
}
