import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { SEALED_BACKEND } from '../layout/backend.ts'
import type { SegmentQuery } from '../layout/find-segments.ts'
import { linkRefused } from '../layout/list-folder.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { listSealedDays, listSealedFiles, type SealedDay, type SealedPath, sealedThatCount } from '../layout/sealed-path.ts'
import { type Footer, heldSeq } from '../parquet/footer.ts'
import { readFooter, sealedBytesOf } from '../parquet/sealed-file.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { identityOf } from './file-identity.ts'
import type { SegmentRead } from './plan.ts'

/** What the sealed files of a range say. */
export interface SealedSight {
  /** Each hour of each file that touches the range. */
  reads: SegmentRead[]
  /** Log sequence up to which a sealed file holds an hour; −1 where there is none. */
  heldSeqOf(hour: { cid: number; tt: string; hourUs: number }): number
}

/** Looks at the sealed files of a range. @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`, `IBS_STORAGE_LINK_REFUSED` */
export async function lookAtSealed(dataDir: string, query: SegmentQuery, checkpoint: Checkpoint | undefined): Promise<SealedSight> {
  const reads: SegmentRead[] = []
  const held = new Map<string, number>()
  for (const cid of query.cids) {
    for (const tt of query.tts) {
      for (const day of await listSealedDays(dataDir, { cid, tt }, query)) {
        for (const file of await openDay(dataDir, day)) {
          const seq = heldSeq(file.footer.facts, checkpoint?.spoolId)
          held.set(`${cid}_${tt}_${file.path.hourUs ?? day.dayUs}`, seq)
          if (file.path.hourUs === undefined) held.set(`${cid}_${tt}_day_${day.dayUs}`, seq)
          reads.push(
            ...readsOf(file, checkpoint?.newestStUs).filter(
              ({ segment: { hourUs } }) => hourUs < query.endUs && hourUs + US_PER_HOUR > query.startUs,
            ),
          )
        }
      }
    }
  }
  const heldSeqOf: SealedSight['heldSeqOf'] = ({ cid, tt, hourUs }) =>
    held.get(`${cid}_${tt}_day_${dayOf(hourUs)}`) ?? held.get(`${cid}_${tt}_${hourUs}`) ?? -1
  return { reads, heldSeqOf }
}

export interface OpenedSealed {
  path: SealedPath
  footer: Footer
  found: Stats
}

/** A day may become one file between its listing and the opening of its hours. */
const TRIES = 4

/** The footers of the files of a day that count. */
export async function openDay(dataDir: string, day: SealedDay): Promise<OpenedSealed[]> {
  for (let tries = 1; ; tries++) {
    try {
      const files = sealedThatCount(await listSealedFiles(dataDir, day))
      return await Promise.all(files.map((path) => openSealed(dataDir, path)))
    } catch (error) {
      if (!isMissing(error) || tries === TRIES) throw error
    }
  }
}

/** @throws what `open` throws for one that is gone; StorageError `IBS_STORAGE_SEALED_DAMAGED`, `IBS_STORAGE_LINK_REFUSED` */
export async function openSealed(dataDir: string, path: SealedPath): Promise<OpenedSealed> {
  try {
    await using handle = await open(join(dataDir, path.path), constants.O_RDONLY | constants.O_NOFOLLOW)
    const found = await handle.stat()
    return { path, found, footer: await readFooter(await sealedBytesOf(path.path, handle)) }
  } catch (error) {
    if (codeOf(error) === 'ELOOP') throw linkRefused(path.path)
    throw error
  }
}

/** A file of a day is read an hour at a time, as all others are; its bytes are shared out by ticks. */
function readsOf({ path, footer, found }: OpenedSealed, asOfStUs: number | undefined): SegmentRead[] {
  const { cid, tt } = path
  return footer.facts.hours.map(({ hourUs, count, firstTs, lastTs, lastSt }) => ({
    segment: { path: path.path, backend: SEALED_BACKEND, cid, tt, hourUs, stampSeconds: hourUs / US_PER_SECOND },
    bytes: Math.floor((found.size * count) / footer.facts.count),
    committed: true,
    sealed: true as const,
    asOfStUs,
    ...identityOf(found),
    modifiedMs: found.mtimeMs,
    known: { sorted: true, count, firstTs, lastTs, lastSt },
  }))
}
