import { join } from 'node:path'
import { partitionOf, type TickType } from '@ib-stream/model'
import { type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles, manifestsOfDay } from '../layout/list-days.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'
import { statOrMissing } from '../layout/stat-or-missing.ts'
import { type ManifestEntry, removedTicks } from '../manifest/manifest-entry.ts'
import { closesBefore } from '../segment/closed-files.ts'
import { type DayFacts, readDayFacts } from '../verify/facts.ts'
import { openUndamaged, STAT_BLOCK_BYTES, sealedDays } from './sealed-days.ts'

/**
 * `closed`: every file is as its manifest says. `open`: a writer may still add to it. `unknown`: the manifest lacks a file (it is older than manifests).
 * `differs`: a file is not as its manifest says; verify tells more. `gone`: retention has taken all of it.
 */
export type HourState = 'closed' | 'open' | 'unknown' | 'differs' | 'gone'

/** What one backend has of one hour of a contract and tick type. */
export interface HeldHour {
  backend: Backend
  cid: number
  tt: TickType
  hourUs: number
  state: HourState
  /** Ticks in its files, and those that retention has taken away before; NaN where that is not known. */
  ticks: number
  removedTicks: number
  /** What its files take on the disk. */
  diskBytes: number
  /** Entries of the files that are there; of no use but in state `closed`. */
  entries: readonly ManifestEntry[]
  /** Of an hour of the archive: the sealed file that has it. */
  sealedPath?: string
}

export interface DayHours {
  /** In order of hour, contract and tick type. */
  hours: HeldHour[]
  /** Files that retention took away and whose names outlived that: whoever did it died. */
  leftovers: string[]
}

/** Every file that a backend has, or had, of a UTC day, in one partition or in all. */
export async function readDayFiles(dataDir: string, backend: Backend, dayUs: number, only?: number): Promise<HeldFile[]> {
  const segments = await listDayFiles(dataDir, backend, dayUs)
  const partitions = new Set([...segments.map(({ cid }) => partitionOf(cid)), ...(await manifestsOfDay(dataDir, backend, dayUs))])
  const facts = new Map<number, DayFacts>()
  for (const partition of partitions) {
    if (only === undefined || only === partition) facts.set(partition, await readDayFacts({ dataDir, backend, partition, dayUs }))
  }
  const paths = new Set(segments.map(({ path }) => path))
  for (const { manifest } of facts.values()) for (const path of manifest.entries.keys()) paths.add(path)
  const files: HeldFile[] = []
  for (const path of paths) {
    const segment = parseSegmentPath(path)
    const ofPartition = segment && facts.get(partitionOf(segment.cid))
    if (ofPartition) files.push(await lookAt(dataDir, segment, ofPartition))
  }
  return files
}

/** The same by hour, contract and tick type. */
export async function readDayHours(dataDir: string, backend: Backend, dayUs: number, only?: number): Promise<DayHours> {
  if (backend === SEALED_BACKEND) return { hours: await sealedHours(dataDir, dayUs, only), leftovers: [] }
  const files = await readDayFiles(dataDir, backend, dayUs, only)
  const hours = [...Map.groupBy(files, ({ segment }) => keyOf(segment)).values()].map(hourOf)
  const leftovers = files.filter(
    ({ state, entry, fileBytes }) => state === 'gone' && entry?.removedUs !== undefined && fileBytes !== undefined,
  )
  return {
    hours: hours.sort(byHour),
    leftovers: leftovers.map(({ segment }) => segment.path),
  }
}

/** Hours of the archive. One of which rows wait is open, whether a part of it is sealed or not. */
async function sealedHours(dataDir: string, dayUs: number, only: number | undefined): Promise<HeldHour[]> {
  const waiting = new Map((await readDayFiles(dataDir, SEALED_BACKEND, dayUs, only)).map((file) => [keyOf(file.segment), file]))
  const hours: HeldHour[] = []
  for (const day of (await sealedDays(dataDir, { startUs: dayUs, endUs: dayUs + 1, only })).get(dayUs) ?? []) {
    for (const { path, footer, found } of await openUndamaged(dataDir, day)) {
      for (const { hourUs, count } of footer.facts.hours) {
        const hour = { cid: day.cid, tt: day.tt, hourUs }
        const state = waiting.has(keyOf(hour)) ? 'open' : 'closed'
        const diskBytes = Math.floor((found.blocks * STAT_BLOCK_BYTES * count) / footer.facts.count)
        hours.push({
          backend: SEALED_BACKEND,
          ...hour,
          state,
          ticks: count,
          removedTicks: 0,
          diskBytes,
          entries: [],
          sealedPath: path.path,
        })
      }
    }
  }
  return hours.sort(byHour)
}

const byHour = (a: HeldHour, b: HeldHour): number => a.hourUs - b.hourUs || a.cid - b.cid || (a.tt < b.tt ? -1 : 1)
const keyOf = ({ cid, tt, hourUs }: Pick<Segment, 'cid' | 'tt' | 'hourUs'>): string => `${cid}_${tt}_${hourUs}`

/** One file, and what the system says of it. */
export interface HeldFile {
  segment: Segment
  state: HourState
  entry: ManifestEntry | undefined
  /** Of a file that a checkpoint lists: what of it counts; more may be written already. */
  committed: { bytes: number; ticks: number | undefined } | undefined
  /** Undefined where there is no such file. */
  fileBytes: number | undefined
  diskBytes: number
  modifiedMs: number
}

async function lookAt(dataDir: string, segment: Segment, { checkpoint, manifest }: DayFacts): Promise<HeldFile> {
  const { path } = segment
  const entry = manifest.entries.get(path)
  const found = await statOrMissing(join(dataDir, path))
  const diskBytes = (found?.blocks ?? 0) * STAT_BLOCK_BYTES
  const file = {
    segment,
    entry,
    committed: committedOf(checkpoint, path),
    fileBytes: found?.size,
    diskBytes,
    modifiedMs: found?.mtimeMs ?? 0,
  }
  const state = () => {
    if (checkpoint === 'unreadable') return 'open'
    if (checkpoint !== undefined && (path in checkpoint.files || !closesBefore(path, checkpoint.newestStUs))) return 'open'
    if (entry?.removedUs !== undefined) return 'gone'
    if (entry === undefined) return found?.size === 0 ? 'gone' : 'unknown' // listed once for bytes that never came
    return found?.size === entry.bytes ? 'closed' : 'differs'
  }
  return { ...file, state: state() }
}

function committedOf(checkpoint: DayFacts['checkpoint'], path: string): HeldFile['committed'] {
  const bytes = checkpoint === 'unreadable' ? undefined : checkpoint?.files[path]
  if (bytes === undefined || checkpoint === 'unreadable') return undefined
  const tally = checkpoint?.tallies[path]
  return { bytes, ticks: tally?.bytes === bytes ? tally.count : undefined }
}

/** The worst of its files is what an hour is. */
const WORST_FIRST: readonly HourState[] = ['open', 'differs', 'unknown', 'closed', 'gone']

function hourOf(files: readonly HeldFile[]): HeldHour {
  const [{ segment }] = files as [HeldFile]
  const { backend, cid, tt, hourUs } = segment
  const entries = files.flatMap(({ state, entry }) => (entry && state !== 'gone' ? entry : []))
  const removed = files.reduce((sum, { entry }) => sum + (entry ? removedTicks(entry) : 0), 0)
  const isKnown = files.every(({ entry }) => entry !== undefined)
  return {
    ...{ backend, cid, tt, hourUs, entries },
    state: WORST_FIRST.find((state) => files.some((file) => file.state === state)) ?? 'open',
    ticks: isKnown ? entries.reduce((sum, { count }) => sum + count, removed) : Number.NaN,
    removedTicks: removed,
    diskBytes: files.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
  }
}

/** What the files of a backend take on the disk, by UTC day. */
export async function diskBytesOfDay(dataDir: string, backend: Backend, dayUs: number): Promise<number> {
  let bytes = 0
  for (const { path } of await listDayFiles(dataDir, backend, dayUs)) {
    bytes += ((await statOrMissing(join(dataDir, path)))?.blocks ?? 0) * STAT_BLOCK_BYTES
  }
  return bytes
}
