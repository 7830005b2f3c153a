import { StorageError } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { hex } from '../manifest/manifest-entry.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import { allBytes, type Content, isSame, type Sum, sumOf } from './content.ts'

export interface ReplaceGround {
  disk: Disk
  /** Throws where the locks are not held any more. */
  checkLocks(): Promise<void>
}

/**
 * Puts new content in the place of a file. Killed, or without power, at any moment there is the old file or the whole new one; the old one is kept beside before
 * its name goes to the new one. Done twice it is done once.
 * @param sum of the content; what is written is held to it
 * @returns where the old file is kept, relative to DATA_DIR; undefined where there was none
 */
export async function replaceFile(
  ground: ReplaceGround,
  backend: Backend,
  path: string,
  { content, sum }: { content: Content; sum: Sum },
): Promise<string | undefined> {
  const { disk } = ground
  const keptIn = await keepOriginal(ground, backend, path)
  await disk.makeFolder(foldersOf(path)[0] ?? '')
  await writeWhole(ground, `.state/${backend}/repair/${path.replaceAll('/', '_')}.tmp`, path, { content, sum })
  return keptIn
}

/**
 * Keeps a file as it is, for good. The name holds the sum: another damage of the same file gets a name of its own.
 * @returns where, relative to DATA_DIR; undefined where there is no file
 */
export async function keepOriginal(ground: ReplaceGround, backend: Backend, path: string): Promise<string | undefined> {
  const { disk } = ground
  if ((await disk.size(path)) === undefined) return undefined
  const content = allBytes(disk, path)
  const sum = await sumOf(content)
  const keptIn = `.state/${backend}/damaged/${path.replace(/^\.state\//, '')}@${hex(sum.crc32c)}`
  await disk.makeFolder(foldersOf(keptIn)[0] ?? '')
  await writeWhole(ground, `${keptIn}.tmp`, keptIn, { content, sum })
  return keptIn
}

/** Another name, its bytes synced, the name, and all folders above it synced. */
async function writeWhole(
  { disk, checkLocks }: ReplaceGround,
  temporary: string,
  path: string,
  { content, sum }: { content: Content; sum: Sum },
): Promise<void> {
  await disk.makeFolder(foldersOf(temporary)[0] ?? '')
  await disk.remove(temporary)
  let at = 0
  await disk.write(temporary, new Uint8Array(0), 0)
  for await (const chunk of content()) {
    await disk.write(temporary, chunk, at)
    at += chunk.length
  }
  await disk.syncFile(temporary)
  if (!isSame(await sumOf(allBytes(disk, temporary)), sum)) throw changedMeanwhile(path)
  await checkLocks()
  await disk.rename(temporary, path)
  for (const folder of foldersOf(path)) await disk.syncFolder(folder)
}

export function changedMeanwhile(path: string): StorageError {
  return new StorageError(
    'IBS_STORAGE_REPAIR_UNSURE',
    `what was written for ${path} is not what was read a moment before; nothing was replaced, look at the disk`,
    { path },
  )
}
