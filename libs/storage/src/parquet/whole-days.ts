import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSealedPath, type SealedDay, sealedDayPath } from '../layout/sealed-path.ts'
import { statOrMissing } from '../layout/stat-or-missing.ts'
import { sealedDays } from '../retention/sealed-days.ts'
import { openReadOnly } from '../verify/open-read-only.ts'
import type { SealedFacts } from './footer.ts'
import { checkSealed, sealedBytesOf, sealedDamaged } from './sealed-file.ts'

/** A day of the archive that is one file. */
export interface WholeDay extends SealedDay {
  /** Relative to DATA_DIR. */
  path: string
  bytes: number
  /** Whole ms, so that a copy can be given the same. */
  modifiedMs: number
}

/** Days that are one file, the oldest first; days that still are hours are not among them. `[startUs, endUs)` is a range of days, µs UTC. */
export async function listWholeDays(
  dataDir: string,
  range: { startUs?: number; endUs?: number; cid?: number | undefined } = {},
): Promise<WholeDay[]> {
  const byDay = await sealedDays(dataDir, range)
  const days = [...byDay.values()].flat().sort((a, b) => a.dayUs - b.dayUs || a.cid - b.cid || (a.tt < b.tt ? -1 : 1))
  const found: WholeDay[] = []
  for (const day of days) {
    const path = sealedDayPath(day)
    const file = await statOrMissing(join(dataDir, path))
    if (file !== undefined) found.push({ ...day, path, bytes: file.size, modifiedMs: Math.round(file.mtimeMs) })
  }
  return found
}

/**
 * Reads the whole file of a day, or one that is to be it, and holds it to its checksums and to its place.
 * @param path where it lies, relative to DATA_DIR
 * @param place the name that it has or is to have
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`; what `open` throws
 */
export async function checkWholeDay(dataDir: string, path: string, place: string = path): Promise<SealedFacts> {
  await using handle = await openReadOnly(dataDir, path)
  return await checkOpenDay(handle, path, place)
}

/** The same of a file that is open, whichever has its name meanwhile. */
export async function checkOpenDay(handle: FileHandle, path: string, place: string = path): Promise<SealedFacts> {
  const { facts } = await checkSealed(await sealedBytesOf(path, handle))
  const wanted = parseSealedPath(place)
  if (facts.cid !== wanted?.cid || facts.tt !== wanted.tt) throw sealedDamaged(path, `it holds ${facts.tt} of ${facts.cid}`)
  return facts
}
