import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { bootId } from './boot-id.ts'
import { type Checkpoint, type Checkpoints, readCheckpoints } from './checkpoint.ts'

/** How far a backend's files of a partition are; undefined before its first checkpoint. Takes no lock. */
export async function readPosition(
  dataDir: string,
  backend: Backend,
  partition: PartitionId,
): Promise<{ seq: number; newestStUs: number } | undefined> {
  const { counts } = await checkpointsOf(dataDir, backend, partition)
  return counts && { seq: counts.seq, newestStUs: counts.newestStUs }
}

/** How far they are for sure, after a power cut too: the log of that spool must keep all after it. Undefined before the first durable checkpoint. */
export async function readDurablePosition(
  dataDir: string,
  backend: Backend,
  partition: PartitionId,
): Promise<{ seq: number; newestStUs: number; spoolId: string } | undefined> {
  const { durable } = await checkpointsOf(dataDir, backend, partition)
  return durable && { seq: durable.seq, newestStUs: durable.newestStUs, spoolId: durable.spoolId }
}

/**
 * Makes the durable checkpoints that were just read last through a power cut: their writer may not have synced the folder yet, and what the log drops by
 * them could not be written again. Does nothing while there is no such folder.
 */
export async function syncCheckpoints(dataDir: string, backend: Backend): Promise<void> {
  try {
    await using folder = await open(join(dataDir, statePaths(backend, 'events').folder), 'r')
    await folder.sync()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** The checkpoint that counts. */
export async function readCheckpoint(dataDir: string, backend: Backend, partition: PartitionId): Promise<Checkpoint | undefined> {
  return (await checkpointsOf(dataDir, backend, partition)).counts
}

async function checkpointsOf(dataDir: string, backend: Backend, partition: PartitionId): Promise<Checkpoints> {
  const paths = statePaths(backend, partition)
  const visible = await textOf(join(dataDir, paths.visible))
  const durable = await textOf(join(dataDir, paths.durable))
  return readCheckpoints({ visible, durable }, bootId(), paths.durable)
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
