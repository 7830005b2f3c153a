import { lstat, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, StorageError } from '../errors.ts'
import { parseEventsPath, parseSegmentPath } from './segment-path.ts'

/**
 * Names in a folder of DATA_DIR; none where there is no such folder.
 * @throws StorageError `IBS_STORAGE_LINK_REFUSED` for a link with a name that is ours, and for the folder of a backend or of events that is one
 */
export async function listFolder(dataDir: string, path: string): Promise<string[]> {
  try {
    const isTop = !path.includes('/') // those below were listed with the folder that holds them
    if (isTop && (await lstat(join(dataDir, path))).isSymbolicLink()) throw linkRefused(path)
    const entries = await readdir(join(dataDir, path), { withFileTypes: true })
    const link = entries.find((entry) => entry.isSymbolicLink() && isOurs(path, entry.name))
    if (link !== undefined) throw linkRefused(`${path}/${link.name}`)
    return entries.map(({ name }) => name)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const isOurs = (path: string, name: string): boolean =>
  path === 'parquet' ||
  path.startsWith('parquet/') ||
  /^\d{2,4}$/.test(name) ||
  parseSegmentPath(`${path}/${name}`) !== undefined ||
  parseEventsPath(`${path}/${name}`) !== undefined

/** @throws StorageError `IBS_STORAGE_LINK_REFUSED` where the way from DATA_DIR to a folder in it leads over a link. DATA_DIR itself may be one. */
export async function assertInside(dataDir: string, folder: string): Promise<void> {
  if ((await realpath(join(dataDir, folder))) !== join(await realpath(dataDir), folder)) throw linkRefused(folder)
}

export function linkRefused(path: string): StorageError {
  return new StorageError(
    'IBS_STORAGE_LINK_REFUSED',
    `${path} is, or lies behind, a symbolic link, which could lead out of DATA_DIR; move the files there, or mount the other disk there`,
    { path },
  )
}
