import { StorageError } from '../errors.ts'
import type { StatePaths } from '../layout/state-path.ts'
import { removedTicks } from '../manifest/manifest-entry.ts'
import {
  assertSameSource,
  type Checkpoint,
  type Checkpoints,
  decodeCheckpoint,
  emptyCheckpoint,
  encodeCheckpoint,
  readCheckpoints,
  type Source,
} from '../segment/checkpoint.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import { scanFile } from '../segment/scan-file.ts'
import { mendTail, type TornTail } from '../segment/torn-tail.ts'
import { cutFile } from './cut-file.ts'
import type { LogFloor } from './log-floor.ts'
import { daysFrom, daysOf, type OfPartition, type OwnFile, ownFilesOf } from './own-files.ts'

/** Why a checkpoint cannot be gone on from. `older`: files have what came after it, so it was put back from a copy. */
export type LossReason = 'damaged' | 'missing' | 'older'

/** A checkpoint that was made anew from files, manifests and log. */
export interface RebuiltCheckpoint {
  why: LossReason
  /** Position to go on from: all up to here is in the files. Below `floorSeq` where nobody can say it of what lies between. */
  seq: number
  /** Last sequence that the log no longer holds. */
  floorSeq: number
  /** Files that are cut back to what the log no longer holds. */
  cutFiles: number
}

export interface RebuildGround extends OfPartition {
  disk: Disk
  source: Source
  bootId: string
  logFloor: () => Promise<LogFloor>
  onTornTail?: ((torn: TornTail) => void) | undefined
}

/**
 * Makes sure that there is a checkpoint to recover from. Where it is lost one is made anew: files keep what the log no longer holds, and the log gives the rest
 * once more. Whoever calls holds the lock and recovers afterwards, which cuts the files; killed before, nothing has changed.
 * @returns undefined where the checkpoint is good, or nothing was recorded yet
 * @throws StorageError `IBS_STORAGE_CHECKPOINT_DAMAGED` where a file does not tell where to go on, `IBS_STORAGE_REBUILD_WAITS` where the log does not
 */
export async function rebuildWhereLost(ground: RebuildGround, paths: StatePaths): Promise<RebuiltCheckpoint | undefined> {
  const { checkpoints, why } = await findLoss(ground, paths)
  if (why === undefined) return undefined
  const floor = await ground.logFloor()
  const found = await findFiles(ground, floor)
  const known = checkpoints.counts?.seq ?? 0
  const seq = Math.min(floor.seq, Math.max(known, found.highestSeq))
  const v = 1 + Math.max(checkpoints.visible?.v ?? 0, checkpoints.durable?.v ?? 0)
  const { files, tallies, removing, newestStUs } = found
  await save(ground.disk, paths, { ...emptyCheckpoint(ground.source, ground.bootId), v, seq, newestStUs, files, tallies, removing })
  return { why, seq, floorSeq: floor.seq, cutFiles: found.cutFiles }
}

async function findLoss(ground: RebuildGround, paths: StatePaths): Promise<{ checkpoints: Checkpoints; why: LossReason | undefined }> {
  const texts = { visible: await ground.disk.readText(paths.visible), durable: await ground.disk.readText(paths.durable) }
  const isDamaged = texts.durable !== undefined && decodeCheckpoint(texts.durable) === undefined
  const checkpoints = readCheckpoints(isDamaged ? { ...texts, durable: undefined } : texts, ground.bootId, paths.durable)
  if (isDamaged) return { checkpoints, why: 'damaged' }
  assertSameSource(checkpoints.counts, ground.source, paths.durable)
  if (checkpoints.counts === undefined) return { checkpoints, why: (await hasOwnFiles(ground)) ? 'missing' : undefined }
  return { checkpoints, why: (await isBehindFiles(ground, checkpoints.counts)) ? 'older' : undefined }
}

async function hasOwnFiles(ground: RebuildGround): Promise<boolean> {
  for (const dayUs of (await daysOf(ground)).reverse()) {
    const files = await ownFilesOf(ground.disk, ground, dayUs)
    if (files.some(({ bytes }) => bytes > 0)) return true
  }
  return false
}

/** A file is listed until its manifest has it, so one that is neither was written after this checkpoint. */
async function isBehindFiles(ground: RebuildGround, counts: Checkpoint): Promise<boolean> {
  const days = counts.newestStUs > 0 ? daysFrom(counts.newestStUs) : (await daysOf(ground)).slice(0, 1)
  for (const dayUs of days) {
    for (const file of await ownFilesOf(ground.disk, ground, dayUs, counts.files)) {
      if (!(file.path in counts.files) && (await isNewer(ground, file, counts))) return true
    }
  }
  return false
}

async function isNewer({ disk }: RebuildGround, file: OwnFile, counts: Checkpoint): Promise<boolean> {
  const { path, bytes, entry } = file
  if (entry && entry.removedUs === undefined) return entry.lastSeq > counts.seq
  if (await isLeftover(disk, file)) return false
  return (await scanFile(disk, path, bytes)).tally.lastSt > counts.newestStUs
}

/** Retention took it away and its name outlived that. One that was begun anew since, for late ticks, holds other bytes. */
async function isLeftover(disk: Disk, { path, bytes, entry }: OwnFile): Promise<boolean> {
  if (entry?.removedUs === undefined || entry.bytes !== bytes) return false
  return (await scanFile(disk, path, bytes)).tally.crc32c === entry.crc32c
}

interface FoundFiles {
  files: Record<string, number>
  tallies: Checkpoint['tallies']
  removing: string[]
  newestStUs: number
  highestSeq: number
  cutFiles: number
}

async function findFiles(ground: RebuildGround, floor: LogFloor): Promise<FoundFiles> {
  const found: FoundFiles = { files: {}, tallies: {}, removing: [], newestStUs: 0, highestSeq: 0, cutFiles: 0 }
  for (const dayUs of await daysOf(ground)) {
    for (const file of await ownFilesOf(ground.disk, ground, dayUs)) await look(ground, floor, file, found)
  }
  return found
}

/** A closed file that the log has nothing of counts as its manifest says; every other is listed, with what of it stays. */
async function look(ground: RebuildGround, floor: LogFloor, file: OwnFile, found: FoundFiles): Promise<void> {
  const { path, bytes, entry } = file
  const { firstSeq, lastSeq } = entry ?? { firstSeq: 0, lastSeq: 0 }
  const fits = entry !== undefined && entry.removedUs === undefined && entry.bytes === bytes
  found.highestSeq = Math.max(found.highestSeq, lastSeq)
  if (fits && lastSeq > 0 && lastSeq <= floor.seq) {
    found.newestStUs = Math.max(found.newestStUs, entry.lastSt)
    return
  }
  if (await isLeftover(ground.disk, file)) {
    found.removing.push(path)
    return
  }
  const wholeBytes = fits ? bytes : await mendTail(ground, path, bytes)
  const cut = await cutFile(ground, path, wholeBytes, floor)
  found.newestStUs = Math.max(found.newestStUs, cut.newestStUs)
  if (cut.bytes === bytes && (fits || isShort(entry, bytes, floor))) return
  const { tally } = await scanFile(ground.disk, path, cut.bytes)
  if (tally.bytes !== cut.bytes) throw damagedInside(path, tally.bytes)
  found.files[path] = cut.bytes
  const removedCount = entry ? removedTicks(entry) : 0
  found.tallies[path] = {
    ...tally,
    ...(removedCount > 0 ? { removedCount } : {}),
    firstSeq: cut.bytes === 0 ? 0 : firstSeq,
    lastSeq: Math.min(lastSeq, floor.seq),
  }
  if (cut.bytes < bytes) found.cutFiles += 1
}

/** It lost bytes that no log gives back: its manifest entry goes on to say so. */
const isShort = (entry: OwnFile['entry'], bytes: number, floor: LogFloor): boolean =>
  entry !== undefined && entry.removedUs === undefined && entry.bytes > bytes && entry.lastSeq <= floor.seq

/** Data, names, checkpoint, its name: as every durable checkpoint. */
async function save(disk: Disk, paths: StatePaths, checkpoint: Checkpoint): Promise<void> {
  const folders = new Set<string>()
  for (const path of Object.keys(checkpoint.files)) {
    await disk.syncFile(path)
    for (const folder of foldersOf(path)) folders.add(folder)
  }
  for (const folder of folders) await disk.syncFolder(folder)
  await disk.makeFolder(paths.folder)
  const temporary = `${paths.durable}.tmp`
  await disk.writeText(temporary, encodeCheckpoint(checkpoint))
  await disk.syncFile(temporary)
  await disk.rename(temporary, paths.durable)
  await disk.syncFolder(paths.folder)
}

const damagedInside = (path: string, offsetBytes: number): StorageError =>
  new StorageError(
    'IBS_STORAGE_CHECKPOINT_DAMAGED',
    `the checkpoint is lost and ${path} is damaged at byte ${offsetBytes}; restore either from a copy, or move ${path} out of DATA_DIR, and the log gives back what it holds`,
    { path, offsetBytes },
  )
