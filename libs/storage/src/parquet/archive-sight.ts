import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PARTITION_COUNT, partitionOf, type TickMessage } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { dayOf } from '../layout/manifest-path.ts'
import {
  listSealedDays,
  listSealedFiles,
  listSealedSeries,
  type SealedDay,
  sealedFolder,
  sealedHourPath,
  sealedThatCount,
} from '../layout/sealed-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { openDay } from '../query/sealed-snapshot.ts'
import { atOneCheckpoint } from '../query/snapshot.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { readRecords } from '../verify/read-records.ts'
import { heldSeq } from './footer.ts'
import { encodeSealed } from './seal-columns.ts'

/** Rows of an hour that wait to be sealed, as a sealed file. */
export interface WaitingHour {
  /** As the sealed file of the hour is named, relative to any folder. */
  path: string
  bytes: Uint8Array
  count: number
}

/** The archive at one moment of each partition: no tick in it twice, none left out. */
export interface ArchiveSight {
  /** Sealed files that count, relative to DATA_DIR. */
  sealed: readonly string[]
  waiting: readonly WaitingHour[]
  /** False where a sealed file has been replaced since: what was read of both may not fit together; look again. */
  isStill(): Promise<boolean>
}

/** Whether a day is to be looked at; without the day, whether one of the series may be. */
export type IsWanted = (of: Omit<SealedDay, 'dayUs'> & { dayUs?: number }) => boolean

/**
 * Looks at the archive for other readers of Parquet. Memory: the ticks of one hour, and what all waiting rows take as Parquet.
 * @param isWanted of which days; by default all. Others are not looked at.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED` (of days with rows that wait), `IBS_STORAGE_RANGE_UNSTABLE`
 */
export async function lookAtArchive(dataDir: string, isWanted: IsWanted = () => true): Promise<ArchiveSight> {
  const sealed: string[] = []
  const waiting: WaitingHour[] = []
  const found = new Map<string, string>()
  for (let partition = 0; partition < PARTITION_COUNT; partition++) {
    const seen = await atOneCheckpoint(
      () => readCheckpoint(dataDir, SEALED_BACKEND, partition),
      async (checkpoint) => ({
        sealed: await sealedOf(dataDir, partition, isWanted),
        waiting: await waitingOf(dataDir, checkpoint, isWanted),
      }),
    )
    for (const [path, identity] of seen.sealed) {
      sealed.push(path)
      found.set(path, identity)
    }
    waiting.push(...seen.waiting)
  }
  const isStill = async () => {
    for (const [path, identity] of found) if ((await identityOf(dataDir, path)) !== identity) return false
    return true
  }
  return { sealed, waiting, isStill }
}

async function sealedOf(dataDir: string, partition: number, isWanted: IsWanted): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const series of await listSealedSeries(dataDir)) {
    if (partitionOf(series.cid) !== partition || !isWanted(series)) continue
    for (const day of await listSealedDays(dataDir, series, { startUs: 0, endUs: Number.MAX_SAFE_INTEGER }))
      if (isWanted(day)) for (const [path, identity] of await filesOf(dataDir, day)) found.set(path, identity)
  }
  return found
}

/** A day may become one file between its listing and the look at its hours. */
const TRIES = 4

async function filesOf(dataDir: string, day: SealedDay): Promise<[string, string][]> {
  for (let tries = 1; ; tries++) {
    const files = sealedThatCount(await listSealedFiles(dataDir, day))
    const found = await Promise.all(files.map(async ({ path }) => [path, await identityOf(dataDir, path)] as const))
    const there = found.flatMap(([path, identity]): [string, string][] => (identity === undefined ? [] : [[path, identity]]))
    if (there.length === files.length || tries === TRIES) return there
  }
}

async function identityOf(dataDir: string, path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs } = await stat(join(dataDir, path))
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Rows count while they are listed, and not where a sealed file holds all up to the checkpoint. */
async function waitingOf(dataDir: string, checkpoint: Checkpoint | undefined, isWanted: IsWanted): Promise<WaitingHour[]> {
  const waiting: WaitingHour[] = []
  for (const [path, lengthBytes] of Object.entries(checkpoint?.files ?? {})) {
    const segment = parseSegmentPath(path)
    if (segment === undefined || checkpoint === undefined || lengthBytes === 0) continue
    const { cid, tt, hourUs } = segment
    const day = { cid, tt, dayUs: dayOf(hourUs) }
    if (!isWanted(day)) continue
    const file = (await openDay(dataDir, day)).find((each) => each.path.hourUs === undefined || each.path.hourUs === hourUs)
    if (file !== undefined && heldSeq(file.footer.facts, checkpoint.spoolId) >= checkpoint.seq) continue
    const ticks: TickMessage[] = []
    for await (const records of readRecords(dataDir, path, lengthBytes)) for (const { tick } of records) if (tick) ticks.push(tick)
    if (ticks.length === 0) continue
    const { bytes } = await encodeSealed(ticks, { cid, tt, seq: 0 }, FAST_LEVEL)
    const isOwn = segment.stampSeconds * 1_000_000 === hourUs
    waiting.push({
      path: isOwn ? sealedHourPath(day, hourUs) : `${sealedFolder(day)}/${segment.stampSeconds}.parquet`,
      bytes,
      count: ticks.length,
    })
  }
  return waiting
}

/** Of zstd: these files live for one query. */
const FAST_LEVEL = 1
