import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { usFromMs } from '@ib-stream/model'
import { isMissing, StorageError } from '../errors.ts'
import { isSourceName } from './source-file.ts'

/** Files that are read together: those of one hour folder of every tree that was named, or those of one other folder. */
export interface Unit {
  /** `2025/07/30/14`, or the path of the folder. */
  key: string
  /** First µs of the hour that the folders are named after, by whichever clock; undefined for other folders. */
  hourUs: number | undefined
  places: Place[]
}

/** A folder, and which of its files where not all. */
interface Place {
  folder: string
  only: Set<string> | undefined
}

export interface SourceFile {
  path: string
  bytes: number
  mtimeMs: number
  /** Ticks of two recordings may be the same ticks, heard twice; those of one recording are not. */
  recording: string
}

/** Hours first, in order, then other folders by name. Knows folders only: a tree of any number of files takes no memory for them. */
export async function findUnits(sources: readonly string[]): Promise<{ units: Unit[]; bytes: number; files: number }> {
  const units = new Map<string, Unit>()
  const total = { bytes: 0, files: 0 }
  for (const source of sources) await add(await resolved(source))
  return { units: [...units.values()].sort(compareUnits), ...total }

  async function add(path: string): Promise<void> {
    const found = await stat(path)
    if (found.isDirectory()) await addFolder(path)
    else if (placeOf(dirname(path)).only?.add(basename(path))) count(found.size)
  }

  async function addFolder(folder: string): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isDirectory() && isSourceName(entry.name)).map(({ name }) => name)
    if (names.length > 0) {
      placeOf(folder).only = undefined
      for (const name of names) count((await stat(join(folder, name))).size)
    }
    for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')))
      await addFolder(join(folder, name))
  }

  function placeOf(folder: string): Place {
    const { key, hourUs } = keyOf(folder)
    const unit = units.get(key) ?? { key, hourUs, places: [] }
    units.set(key, unit)
    const known = unit.places.find((place) => place.folder === folder)
    if (known) return known
    const place: Place = { folder, only: new Set() }
    unit.places.push(place)
    return place
  }

  function count(bytes: number): void {
    total.bytes += bytes
    total.files += 1
  }
}

async function resolved(source: string): Promise<string> {
  try {
    return await realpath(source)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new StorageError(
      'IBS_STORAGE_IMPORT_REFUSED',
      `${source} does not exist; name files or folders of ticks`,
      { path: source },
      { cause: error },
    )
  }
}

const HOUR_FOLDER = /[\\/](\d{4})[\\/](\d\d)[\\/](\d\d)[\\/](\d\d)$/

function keyOf(folder: string): { key: string; hourUs: number | undefined } {
  const [, year, month, day, hour] = HOUR_FOLDER.exec(folder) ?? []
  if (hour === undefined) return { key: folder, hourUs: undefined }
  const hourUs = usFromMs(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour)))
  return { key: `${year}/${month}/${day}/${hour}`, hourUs }
}

function compareUnits(a: Unit, b: Unit): number {
  if (a.hourUs !== undefined && b.hourUs !== undefined) return a.hourUs - b.hourUs
  if (a.hourUs !== undefined || b.hourUs !== undefined) return a.hourUs === undefined ? 1 : -1
  return a.key < b.key ? -1 : 1
}

/** The files of a unit in the order of their names. */
export async function filesOf(unit: Unit): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  for (const { folder, only } of [...unit.places].sort((a, b) => (a.folder < b.folder ? -1 : 1))) {
    const names = (await readdir(folder)).filter((name) => (only ? only.has(name) : isSourceName(name))).sort()
    for (const name of names) {
      const path = join(folder, name)
      const { size, mtimeMs } = await stat(path)
      files.push({ path, bytes: size, mtimeMs, recording: recordingOf(unit, folder, name) })
    }
  }
  return files
}

/**
 * In a tree of hours: the tree and the stream, which the name gives without its stamp. Elsewhere the folder: pieces of one recording lie together.
 */
function recordingOf(unit: Unit, folder: string, name: string): string {
  if (unit.hourUs === undefined) return folder
  const stream = name
    .replace(/\.gz$/, '')
    .replace(/\.\w+$/, '')
    .replace(/^(\d+_(?:bid_ask|last|all_last|mid_point))_\d+$/, '$1')
  return `${folder.slice(0, -unit.key.length)}${stream}`
}
