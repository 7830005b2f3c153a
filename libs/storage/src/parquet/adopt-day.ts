import { join } from 'node:path'
import { codeOf, partitionOf } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { listSealedFiles, type SealedDay, sealedDayPath, sealedFolder, sealedTemporary } from '../layout/sealed-path.ts'
import { keepOriginal } from '../repair/replace-file.ts'
import type { Source } from '../segment/checkpoint.ts'
import { openCheckpoints } from '../segment/open-checkpoints.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { SegmentFiles } from '../segment/segment-files.ts'
import { workOffline } from '../segment/work-offline.ts'
import type { SealedFacts } from './footer.ts'
import { nameSealed } from './seal-file.ts'
import { checkWholeDay } from './whole-days.ts'

export interface AdoptDayOptions {
  dataDir: string
  day: SealedDay
  /** Puts the file at an absolute path; it is held to its own checksums afterwards. */
  bring: (path: string) => Promise<void>
}

/**
 * Gives the archive a day that was kept elsewhere, as one file. Whatever sealed files of the day are there and whole stay, and nothing is brought; a day file that is damaged
 * is replaced, and kept as `repair` keeps what it replaces. Killed, or without power, at any moment there is what was there before or the whole new file. Works under the lock of the partition.
 * @returns `adopted`, or `there`: the day has files
 * @throws StorageError `IBS_STORAGE_BACKEND_IN_USE` while a writer owns the partition, `IBS_STORAGE_SOURCE_MIXED` for simulated days among real ones or the other way,
 * `IBS_STORAGE_SEALED_DAMAGED` for what was brought; what `bring` throws
 */
export async function adoptDay({ dataDir, day, bring }: AdoptDayOptions): Promise<'adopted' | 'there'> {
  const partition = partitionOf(day.cid)
  const done = await workOffline({ dataDir, backend: SEALED_BACKEND, partition }, (ground) => adopt(ground, { dataDir, day, bring }))
  if (done !== undefined) return done.result
  throw new StorageError(
    'IBS_STORAGE_BACKEND_IN_USE',
    `a writer owns partition ${partition} of the archive; stop writer-parquet on ${dataDir}, or give another folder (--data-dir)`,
    { dataDir, partition },
  )
}

async function adopt(ground: PartitionWork, { dataDir, day, bring }: AdoptDayOptions): Promise<'adopted' | 'there'> {
  if (await hasWholeFiles(dataDir, day)) return 'there'
  const { disk, checkLocks } = ground
  const path = sealedDayPath(day)
  const temporary = sealedTemporary(path)
  await disk.makeFolder(sealedFolder(day))
  await disk.remove(temporary)
  try {
    await bring(join(dataDir, temporary))
    assertSameSource(await readCheckpoint(dataDir, SEALED_BACKEND, partitionOf(day.cid)), await checkWholeDay(dataDir, temporary, path))
  } catch (error) {
    await disk.remove(temporary)
    throw error
  }
  await disk.syncFile(temporary)
  const at: Pick<PartitionWork, 'backend' | 'partition'> = { backend: SEALED_BACKEND, partition: partitionOf(day.cid) }
  const checkpoints = await openCheckpoints(ground, at)
  await keepOriginal(ground, SEALED_BACKEND, path) // a damaged one may have ticks that came after the copy was made
  await checkLocks()
  await nameSealed(disk, temporary, path)
  if (checkpoints) await new SegmentFiles({ disk, ...at }, checkpoints).forgetRows([]) // by which readers see that something changed
  return 'adopted'
}

/** Hour files, or a day file that is as its checksums say. */
async function hasWholeFiles(dataDir: string, day: SealedDay): Promise<boolean> {
  const files = await listSealedFiles(dataDir, day)
  const whole = files.find(({ hourUs }) => hourUs === undefined)
  if (whole === undefined || files.length > 1) return files.length > 0
  try {
    await checkWholeDay(dataDir, whole.path)
    return true
  } catch (error) {
    if (codeOf(error) === 'IBS_STORAGE_SEALED_DAMAGED') return false
    throw error
  }
}

function assertSameSource(recording: Source | undefined, facts: SealedFacts): void {
  const { source = 'gateway', cid, tt } = facts // imported days were recorded from a gateway
  if (recording === undefined || recording.source === source) return
  throw new StorageError(
    'IBS_STORAGE_SOURCE_MIXED',
    `the day holds ticks of the ${source}, the folder those of the ${recording.source}; give another`,
    {
      cid,
      tt,
      source,
    },
  )
}
