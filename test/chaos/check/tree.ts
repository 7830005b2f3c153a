import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { codeOf } from '@ib-stream/model'

/** What lies in DATA_DIR when every writer has ended, by path relative to it; read without the project's code. */
export interface Tree {
  /** Files of ticks and events; of the archive none. */
  files: ReadonlyMap<string, Buffer>
  /** Texts of the manifests. */
  manifests: ReadonlyMap<string, string>
  /** Files that a checkpoint still lists: their committed bytes. */
  listed: ReadonlyMap<string, number>
  /** A writer of the archive was there. */
  hasArchive: boolean
}

/** Backends whose files manifests vouch for. */
export const JUDGED_BACKENDS = ['json', 'pb'] as const

export async function readTree(dataDir: string): Promise<Tree> {
  const read = async (folder: string): Promise<[string, Buffer][]> =>
    await Promise.all((await filesBelow(join(dataDir, folder))).map(async (path) => [relative(dataDir, path), await readFile(path)]))
  const all = async (folders: readonly string[]) => (await Promise.all(folders.map(read))).flat()
  const checkpoints = await all([...JUDGED_BACKENDS, 'parquet'].map((backend) => `.state/${backend}/checkpoints`))
  return {
    files: new Map(await all([...JUDGED_BACKENDS, 'events'])),
    manifests: new Map(
      (await all(JUDGED_BACKENDS.map((backend) => `.state/${backend}/manifest`))).map(([path, bytes]) => [path, bytes.toString('utf8')]),
    ),
    hasArchive: checkpoints.some(([path]) => path.startsWith('.state/parquet/')),
    listed: listedIn(checkpoints.map(([path, bytes]) => [path, bytes.toString('utf8')])),
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Of the two checkpoints of a partition the newer one counts. */
function listedIn(checkpoints: readonly (readonly [path: string, text: string])[]): Map<string, number> {
  const newest = new Map<string, { v: number; files: Record<string, number> }>()
  for (const [path, text] of checkpoints) {
    const { checkpoint } = JSON.parse(text) as { checkpoint: { v: number; files: Record<string, number> } }
    const partition = path.replace(/\.(?:visible|durable)\.json$/, '')
    if (checkpoint.v >= (newest.get(partition)?.v ?? -1)) newest.set(partition, checkpoint)
  }
  return new Map([...newest.values()].flatMap(({ files }) => Object.entries(files)))
}
