import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { bootId } from './boot-id.ts'
import { readCheckpoints } from './checkpoint.ts'
import { CheckpointFiles } from './checkpoint-files.ts'
import type { PartitionWork } from './partition-store.ts'
import { recover } from './recover.ts'

/**
 * The checkpoints of a partition for whoever holds its lock and is not its writer: recovered as the next owner would do it, so that another one can be saved.
 * @returns undefined before the first checkpoint
 * @throws StorageError what `recover` throws; nothing was changed then
 */
export async function openCheckpoints(
  { disk, checkLocks }: Pick<PartitionWork, 'disk' | 'checkLocks'>,
  { backend, partition }: { backend: PartitionWork['backend']; partition: PartitionId },
): Promise<CheckpointFiles | undefined> {
  const paths = statePaths(backend, partition)
  const boot = bootId()
  const texts = { visible: await disk.readText(paths.visible), durable: await disk.readText(paths.durable) }
  const { counts } = readCheckpoints(texts, boot, paths.durable)
  if (counts === undefined) return undefined
  const { durable, visible, truncated, removing } = await recover(disk, paths, counts, boot)
  const lock = { check: checkLocks, release: async () => undefined }
  const visibleV = counts.v === visible?.v && visible.bootId === boot ? counts.v : -1
  const start = { committed: { ...counts, removing }, durable, visibleV, unsyncedFiles: truncated }
  return new CheckpointFiles({ disk, lock, bootId: boot }, paths, start)
}
