import type { Disk } from './disk.ts'
import { isNotYetCalled } from './sync-failure.ts'

/** Enough that a disk, or the journal of its file system, does many in one go; few enough that their handles are no matter. */
const AT_ONCE = 8

/**
 * Syncs files, and the names in folders, some at a time: they may reach the disk in any order. Once one fails none is begun any more, and those that are under way end
 * before this does.
 * @throws what the first failed fsync threw, rather than what kept another from being called
 */
export async function syncAll(disk: Disk, files: Iterable<string>, folders: Iterable<string>): Promise<void> {
  const syncs = [
    ...Array.from(files, (path) => () => disk.syncFile(path)),
    ...Array.from(folders, (path) => () => disk.syncFolder(path)),
  ].values()
  const errors: unknown[] = []
  const lane = async () => {
    for (const sync of syncs) {
      if (errors.length > 0) return
      await sync().catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  if (errors.length > 0) throw errors.find((error) => !isNotYetCalled(error)) ?? errors[0]
}
