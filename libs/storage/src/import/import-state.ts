import { createHash } from 'node:crypto'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { SourceFile, Unit } from './find-units.ts'
import type { HourKey } from './hour-spool.ts'

/** Below DATA_DIR; small files that say which sources are in and what hours were made from. */
export const IMPORT_STATE = '.state/import'

/** What is remembered of a unit that was taken in whole. */
export interface DoneUnit {
  /** Of the files (path, size, time of change) and of what was asked for; another one means that it must be read again. */
  digest: string
  files: number
  bytes: number
  /** Records that could not be turned. */
  faults: number
}

export function digestOf(files: readonly SourceFile[], asked: Record<string, unknown>): string {
  const hash = createHash('sha256').update(JSON.stringify(asked))
  for (const { path, bytes, mtimeMs } of files) hash.update(JSON.stringify([path, bytes, mtimeMs]))
  return hash.digest('hex').slice(0, 32)
}

const unitPath = ({ key, hourUs }: Unit): string =>
  hourUs === undefined
    ? `${IMPORT_STATE}/folders/${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`
    : `${IMPORT_STATE}/hours/${key}.json`

export async function readDone(disk: Disk, unit: Unit): Promise<DoneUnit | undefined> {
  return (await readJson(disk, unitPath(unit))) as DoneUnit | undefined
}

export function writeDone(disk: Disk, unit: Unit, done: DoneUnit): Promise<void> {
  return writeJson(disk, unitPath(unit), done)
}

/** Names of the forms that the imported file of an hour was made from, by `<cid>_<tt>`. */
type Origins = Record<string, string[]>

const originsPath = (hourFolder: string): string => `${IMPORT_STATE}/origins/${hourFolder}.json`

const nameOf = ({ cid, tt }: HourKey): string => `${cid}_${tt}`

export async function readOrigins(disk: Disk, hourFolder: string, key: HourKey): Promise<readonly string[]> {
  return ((await readJson(disk, originsPath(hourFolder))) as Origins | undefined)?.[nameOf(key)] ?? []
}

export async function addOrigins(disk: Disk, hourFolder: string, key: HourKey, forms: readonly string[]): Promise<void> {
  const origins = ((await readJson(disk, originsPath(hourFolder))) as Origins | undefined) ?? {}
  const known = origins[nameOf(key)] ?? []
  if (forms.every((form) => known.includes(form))) return
  await writeJson(disk, originsPath(hourFolder), { ...origins, [nameOf(key)]: [...new Set([...known, ...forms])].sort() })
}

/** A torn file (a power cut) is as good as none: the unit is read again. */
async function readJson(disk: Disk, path: string): Promise<unknown> {
  const text = await disk.readText(path)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch (error) {
    if (Error.isError(error) && error.name === 'SyntaxError') return undefined
    throw error
  }
}

async function writeJson(disk: Disk, path: string, value: unknown): Promise<void> {
  await disk.makeFolder(foldersOf(path)[0] ?? '')
  await disk.writeText(`${path}.tmp`, `${JSON.stringify(value)}\n`)
  await disk.syncFile(`${path}.tmp`)
  await disk.rename(`${path}.tmp`, path)
}
