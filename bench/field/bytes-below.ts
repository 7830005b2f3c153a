import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Of `stat`'s blocks, whatever those of the disk are. */
const BLOCK_BYTES = 512

/** Bytes of all files below a folder; of one that has holes those that it takes. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(async (entry) => {
      const { size, blocks } = await stat(join(entry.parentPath, entry.name))
      return Math.min(size, blocks * BLOCK_BYTES)
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
