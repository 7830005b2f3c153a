import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { TickColumns } from '../codec/columns.ts'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { type SealedDay, sealedTemporary } from '../layout/sealed-path.ts'
import { openRange } from '../query/open-range.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { SealedFacts } from './footer.ts'
import { ScaleFinder } from './scale-finder.ts'
import { sealColumns } from './seal-columns.ts'
import { readFooter, sealedBytesOf } from './sealed-file.ts'
import { ALL_ROWS, sealedRows } from './sealed-rows.ts'
import type { SealedHead } from './sealed-writer.ts'

/** What of a disk the making of a file needs. */
export type SealDisk = Pick<Disk, 'makeFolder' | 'remove' | 'write' | 'syncFile'>

export interface SealFileOptions {
  disk: SealDisk
  /** The file to be, relative to DATA_DIR. */
  path: string
  head: SealedHead
  level: number
  /** Its ticks in query order, as often as they are asked for; columns stay as they are. */
  columns: () => AsyncIterable<TickColumns>
}

const BATCH_TICKS = 8192

/**
 * Makes a sealed file under the name that it has until it is whole and durable. Asks for the ticks twice: first to see how many decimal places they take. Memory: one row group.
 * @returns the name, what the file says of itself, and its size; undefined where there is no tick, and no file then
 */
export async function sealFile({
  disk,
  path,
  head,
  level,
  columns: columnsOf,
}: SealFileOptions): Promise<{ temporary: string; facts: SealedFacts; bytes: number } | undefined> {
  const finder = new ScaleFinder()
  let count = 0
  for await (const columns of columnsOf()) {
    finder.look(columns)
    count += columns.length
  }
  if (count === 0) return undefined
  const temporary = sealedTemporary(path)
  await disk.makeFolder(foldersOf(path)[0] ?? '')
  await disk.remove(temporary)
  let offsetBytes = 0
  const facts = await sealColumns(columnsOf(), { head, level, scales: finder.scales }, async (bytes) => {
    await disk.write(temporary, bytes, offsetBytes)
    offsetBytes += bytes.length
  })
  await disk.syncFile(temporary)
  if (facts.count !== count) throw new Error(`${path}: ${facts.count} ticks after ${count}; its sources changed while it was made`)
  return { temporary, facts, bytes: offsetBytes }
}

/** Gives a file its name, for good. */
export async function nameSealed(disk: Disk, temporary: string, path: string): Promise<void> {
  await disk.rename(temporary, path)
  await syncSealed(disk, path)
}

/** Makes the name of a sealed file durable, and those of its folders. */
export async function syncSealed(disk: Disk, path: string): Promise<void> {
  for (const folder of foldersOf(path)) await disk.syncFolder(folder)
}

/** All that the archive holds of a range, sealed files and rows that wait: [startUs, endUs) on `ts`, µs UTC. */
export async function* archived(
  dataDir: string,
  { cid, tt }: Pick<SealedDay, 'cid' | 'tt'>,
  { startUs, endUs }: { startUs: number; endUs: number },
): AsyncGenerator<TickColumns, void, undefined> {
  await using range = await openRange({ dataDir, backends: [SEALED_BACKEND], cids: [cid], tts: [tt], startUs, endUs })
  yield* range.columns({ batchTicks: BATCH_TICKS })
}

/** All that sealed files hold, one after the other. @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`; what `open` throws for one that is gone */
export async function* sealedIn(
  dataDir: string,
  paths: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<TickColumns, void, undefined> {
  for (const path of paths) {
    await using handle = await open(join(dataDir, path), 'r')
    const bytes = await sealedBytesOf(path, handle)
    const checkpoint = () => signal?.throwIfAborted()
    const options = { filter: ALL_ROWS, order: 'ascending', rows: BATCH_TICKS, life: 'kept', checkpoint } as const
    for await (const columns of sealedRows(bytes, await readFooter(bytes), options)) yield columns.rows(0, columns.length)
  }
}
