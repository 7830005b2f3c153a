import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

/** Opens a file of a tree, never through a symbolic link in its last name. */
export const openReadOnly = (dataDir: string, path: string): Promise<FileHandle> =>
  open(join(dataDir, path), constants.O_RDONLY | constants.O_NOFOLLOW)
