import { partitionOf } from '@ib-stream/model'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { parseSealedPath } from '../layout/sealed-path.ts'
import { nameSealed, type SealDisk, sealFile } from '../parquet/seal-file.ts'
import { checkSealed } from '../parquet/sealed-file.ts'
import { openCheckpoints } from '../segment/open-checkpoints.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import { SegmentFiles } from '../segment/segment-files.ts'
import type { DamageFound } from '../verify/check-file.ts'
import { planSealed, type SealedCandidate } from './plan-sealed.ts'
import type { RepairOutcome } from './repair.ts'
import { changedMeanwhile, keepOriginal, type ReplaceGround } from './replace-file.ts'

export interface MendSealedOptions {
  dataDir: string
  dryRun: boolean
}

/**
 * Makes a sealed file anew from what else has its ticks. Killed, or without power, at any moment there is the old file or the whole new one, and each tick once: name, folder,
 * then the checkpoint that forgets the rows that are in it, as sealing does it.
 */
export async function mendSealed(ground: ReplaceGround, options: MendSealedOptions, found: DamageFound): Promise<RepairOutcome> {
  const { path, kind } = found
  try {
    const place = parseSealedPath(path)
    if (place === undefined) return { path, kind, did: 'left', detail: 'its name is none of ours' }
    const { candidates, why } = await planSealed({ disk: ground.disk, dataDir: options.dataDir }, place)
    const refused: string[] = []
    for (const candidate of candidates) {
      const made = await tried(ground, options, path, candidate)
      if ('refused' in made) refused.push(made.refused)
      else return { path, kind, did: candidate.did, ...made }
    }
    const reasons = [...new Set([...why, ...refused])].join('; ')
    return { path, kind, did: 'left', detail: `restore it from a copy: nothing has all of its ticks (${reasons})` }
  } catch (error) {
    return { path, kind, did: 'left', detail: Error.isError(error) ? error.message : String(error) }
  }
}

async function tried(
  ground: ReplaceGround,
  { dryRun }: MendSealedOptions,
  path: string,
  candidate: SealedCandidate,
): Promise<Pick<RepairOutcome, 'detail' | 'keptIn'> | { refused: string }> {
  const { head, level, columns, accept } = candidate
  const made = await sealFile({ disk: dryRun ? NOWHERE : ground.disk, path, head, level, columns })
  const said = made === undefined ? { refused: 'nothing has a tick of it' } : accept(made)
  if (made === undefined || 'refused' in said || dryRun) {
    if (made !== undefined && !dryRun) await ground.disk.remove(made.temporary)
    return said
  }
  await assertWritten(ground, path, made)
  const keptIn = await keepOriginal(ground, SEALED_BACKEND, path)
  await nameAndForget(ground, path, made.temporary, candidate)
  return { ...said, ...(keptIn === undefined ? {} : { keptIn }) }
}

/** What was written is read again before anything goes. */
async function assertWritten({ disk }: ReplaceGround, path: string, made: { temporary: string; facts: { crc32c: number } }): Promise<void> {
  const sizeBytes = (await disk.size(made.temporary)) ?? 0
  const file = { path: made.temporary, sizeBytes, read: (at: number, length: number) => disk.read(made.temporary, at, length) }
  const { facts } = await checkSealed(file).catch(() => ({ facts: undefined }))
  if (facts?.crc32c !== made.facts.crc32c) throw changedMeanwhile(path)
}

/** No checkpoint that counts may be below the footer, after a power cut either: so it is durable first. Then readers have to see that something changed. */
async function nameAndForget(ground: ReplaceGround, path: string, temporary: string, { rows }: SealedCandidate): Promise<void> {
  const at: Pick<PartitionWork, 'backend' | 'partition'> = {
    backend: SEALED_BACKEND,
    partition: partitionOf(parseSealedPath(path)?.cid ?? 0),
  }
  const checkpoints = await openCheckpoints(ground, at)
  await checkpoints?.saveDurable(checkpoints.committed)
  await ground.checkLocks()
  await nameSealed(ground.disk, temporary, path)
  if (checkpoints !== undefined) await new SegmentFiles({ disk: ground.disk, ...at }, checkpoints).forgetRows(rows)
}

/** Where a dry run writes. */
const NOWHERE: SealDisk = {
  makeFolder: async () => undefined,
  remove: async () => undefined,
  write: async () => undefined,
  syncFile: async () => undefined,
}
