import { codeOf, partitionOf, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { BACKENDS, type Backend, extensionOf, folderOf, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles, listDays } from '../layout/list-days.ts'
import { dayOf as dayOfHour } from '../layout/manifest-path.ts'
import { listSealedFiles, sealedThatCount } from '../layout/sealed-path.ts'
import type { Segment } from '../layout/segment-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { readManifests } from '../manifest/read-manifest.ts'
import type { SealedHour } from '../parquet/footer.ts'
import { openSealed } from '../query/sealed-snapshot.ts'
import type { Checkpoint, Source } from '../segment/checkpoint.ts'
import { isRows } from '../segment/closed-files.ts'
import { nodeDisk } from '../segment/disk.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { readRecords } from '../verify/read-records.ts'
import { floorKey, type LogFloor } from './log-floor.ts'

/** A backend whose files of a partition another one may take over. */
export interface Seed {
  backend: Backend
  /** All up to here is in its files. */
  seq: number
}

export interface SeedReport {
  ticks: number
  files: number
  /** Files left as they are: what they hold is not the beginning of what the other backend has. */
  different: string[]
}

/** The fullest other backend of a recording in one partition; undefined where none is ahead of `seq`. */
export async function findSeed(
  dataDir: string,
  { backend, partition, source }: { backend: Backend; partition: number; source: Source },
  seq: number,
): Promise<Seed | undefined> {
  let fullest: Seed | undefined
  for (const other of BACKENDS) {
    if (other === backend) continue
    const found = await readCheckpoint(dataDir, other, partition).catch(() => undefined) // damaged: its own writer mends it
    if (found?.spoolId !== source.spoolId || found.source !== source.source) continue
    if (found.seq > (fullest?.seq ?? seq)) fullest = { backend: other, seq: found.seq }
  }
  return fullest
}

export interface SeedOptions {
  dataDir: string
  partition: number
  from: Backend
  to: Backend
  /** What the log gives itself is left to it. Read after `findSeed`. */
  floor: LogFloor
  /** Ticks of one file of `to`, in its order; never empty. */
  append: (path: string, ticks: readonly TickMessage[]) => void
  /** After each batch: commits what is pending when it is much. `closedStUs`: hours closed at this `st` will get no more. */
  settle: (closedStUs: number) => Promise<void>
  /** Looked at before each batch; its reason is thrown. */
  signal: AbortSignal
}

/**
 * Gives one backend's files what only another one's have: all of its files (imported and older ones too), but nothing that the log still holds. Files of both are
 * functions of the same log, so what is there is the beginning of what the other has, and a seed that was killed is gone on with by counting. The caller owns
 * `to`; `from` may be written meanwhile. Memory: a chunk of one file.
 */
export async function seedPartition(options: SeedOptions): Promise<SeedReport> {
  const { dataDir, partition, from, to, floor } = options
  const report: SeedReport = { ticks: 0, files: 0, different: [] }
  const closedStUs = Math.min(...floor.firstStUs.values(), floor.newestStUs)
  for (const dayUs of await listDays(dataDir, from)) {
    const source = await dayOf(dataDir, from, partition, dayUs)
    const target = await dayOf(dataDir, to, partition, dayUs)
    for (const segment of source.segments) {
      const path = `${folderOf(to)}${segment.path.slice(folderOf(from).length, -extensionOf(from).length)}${extensionOf(to)}`
      if (target.entries.get(path)?.removedUs !== undefined) continue // retention took it away
      const had = await countOf(target, path)
      const { count, lastSt } = source.entries.get(segment.path) ?? { count: -1, lastSt: 0 }
      const isClosed = source.checkpoint?.files[segment.path] === undefined
      const sealed = to === SEALED_BACKEND ? await sealedHourOf(dataDir, segment) : undefined
      if (sealed === 'damaged') {
        report.different.push(path) // repair makes it anew, of all that the other backend has
        continue
      }
      const isSame = sealed ? count === sealed.count + (had?.count ?? 0) : count === had?.count && lastSt === had.lastSt
      if (isClosed && isSame) continue
      if (sealed && !isOwn(segment)) {
        report.different.push(path) // which of its ticks were sealed cannot be told
        continue
      }
      const file = {
        segment,
        path,
        lengthBytes: source.checkpoint?.files[segment.path],
        had: had ?? { count: 0, lastSt: 0 },
        sealedUntilSt: sealed?.lastSt ?? -1,
      }
      await seedFile({ ...options, closedStUs }, file, report).catch((error: unknown) => {
        if (!isMissing(error)) throw error // retention has taken it
      })
    }
  }
  await options.settle(closedStUs)
  return report
}

interface Day {
  dataDir: string
  checkpoint: Checkpoint | undefined
  entries: ReadonlyMap<string, ManifestEntry>
  segments: Segment[]
}

async function dayOf(dataDir: string, backend: Backend, partition: number, dayUs: number): Promise<Day> {
  const checkpoint = await readCheckpoint(dataDir, backend, partition)
  const manifest = await readManifests({ dataDir, backend, partition, startUs: dayUs, endUs: dayUs + 1 }, checkpoint?.files ?? {})
  const segments = (await listDayFiles(dataDir, backend, dayUs)).filter(({ cid }) => partitionOf(cid) === partition)
  return { dataDir, checkpoint, entries: manifest.entries, segments }
}

/** Records that a file has, and the `st` of the last; undefined where there is none. */
async function countOf({ dataDir, checkpoint, entries }: Day, path: string): Promise<{ count: number; lastSt: number } | undefined> {
  const tally = checkpoint?.tallies[path]
  const listedBytes = checkpoint?.files[path]
  const bytes = listedBytes ?? (isRows(path) ? undefined : await nodeDisk(dataDir).size(path))
  const known = listedBytes === undefined ? entries.get(path) : tally
  if (bytes === undefined || bytes === 0) return undefined
  if (known?.bytes === bytes) return known
  const found = { count: 0, lastSt: 0 }
  for await (const records of readRecords(dataDir, path, bytes)) {
    for (const { tick } of records) {
      if (tick === undefined) continue
      found.count += 1
      found.lastSt = tick.st
    }
  }
  return found
}

interface FileToSeed {
  segment: Segment
  path: string
  /** Committed bytes of a file that grows. */
  lengthBytes: number | undefined
  had: { count: number; lastSt: number }
  /** Newest `st` that is sealed already: in a file that we wrote `st` rises. */
  sealedUntilSt: number
}

async function seedFile(options: SeedOptions & { closedStUs: number }, file: FileToSeed, report: SeedReport): Promise<void> {
  const { dataDir, append, settle, signal, closedStUs } = options
  const { segment, path, lengthBytes = Number.POSITIVE_INFINITY, had, sealedUntilSt } = file
  const limitStUs = limitOf(segment, options.floor)
  let seen = 0
  let added = 0
  for await (const records of readRecords(dataDir, segment.path, lengthBytes)) {
    signal.throwIfAborted()
    const ticks: TickMessage[] = []
    let isOver = false
    for (const { tick } of records) {
      if (tick === undefined) continue
      isOver = tick.st >= limitStUs // in such a file `st` rises
      if (isOver) break
      if (tick.st <= sealedUntilSt) continue
      seen += 1
      if (seen > had.count) ticks.push(tick)
      else if (seen === had.count && tick.st !== had.lastSt) return void report.different.push(path)
    }
    if (ticks.length > 0) {
      append(path, ticks)
      added += ticks.length
      await settle(closedStUs)
    }
    if (isOver) break
  }
  report.ticks += added
  if (added > 0) report.files += 1
  else if (seen < had.count) report.different.push(path)
}

/** Named by its hour, as this system's own files are. */
const isOwn = ({ hourUs, stampSeconds }: Segment): boolean => stampSeconds * US_PER_SECOND === hourUs

/** What the archive has sealed of an hour; undefined: nothing. */
async function sealedHourOf(dataDir: string, { cid, tt, hourUs }: Segment): Promise<SealedHour | 'damaged' | undefined> {
  const files = sealedThatCount(await listSealedFiles(dataDir, { cid, tt, dayUs: dayOfHour(hourUs) }))
  const file = files.find((each) => each.hourUs === undefined || each.hourUs === hourUs)
  if (file === undefined) return undefined
  try {
    const { footer } = await openSealed(dataDir, file)
    return footer.facts.hours.find((hour) => hour.hourUs === hourUs)
  } catch (error) {
    if (codeOf(error) === 'IBS_STORAGE_SEALED_DAMAGED') return 'damaged'
    throw error
  }
}

/** What the log gives itself begins here. A contract of which it holds nothing now may come any moment, above all that it holds. */
function limitOf(segment: Segment, floor: LogFloor): number {
  if (!isOwn(segment)) return Number.POSITIVE_INFINITY // imported, or older than this system
  return floor.firstStUs.get(floorKey(segment.cid, segment.tt)) ?? floor.newestStUs + 1
}
