import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { partitionOf, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { formatOf } from '../codec/block-reader.ts'
import { StorageError } from '../errors.ts'
import { HOUSE_BACKENDS, type HouseBackend, type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { findSegments } from '../layout/find-segments.ts'
import { parseSegmentPath, segmentPath } from '../layout/segment-path.ts'
import { readSealedHour } from '../parquet/add-to-sealed.ts'
import { heldSeq } from '../parquet/footer.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import type { HourKey } from './hour-spool.ts'

/** What a backend has of an hour already. */
export interface HourFiles {
  backend: HouseBackend
  /** Of all files but the imported one; of the archive, all that came by a log. */
  recorded: TickMessage[]
  imported: TickMessage[]
  /** True where there is any file, even one without a tick. */
  hasFiles: boolean
}

/** Path of the imported file of an hour: the layout's, with the stamp hour + 1 s, so that no recording ever appends to it. */
export function importedPath(backend: OwnBackend, { cid, tt, hourUs }: HourKey): string {
  const hour = String(hourUs / US_PER_SECOND)
  const path = segmentPath({ backend, cid, tt, hourUs })
  const at = path.lastIndexOf(hour)
  return `${path.slice(0, at)}${Number(hour) + 1}${path.slice(at + hour.length)}`
}

/**
 * The ticks of an hour that lie in files, of every backend. Where owners work meanwhile, it is how they were at some moment.
 * @throws StorageError `IBS_STORAGE_RECORD_TORN`, `IBS_STORAGE_TICK_INVALID` for a file that cannot be read
 */
export async function readHourFiles(dataDir: string, key: HourKey): Promise<HourFiles[]> {
  const found: HourFiles[] = []
  for (const backend of HOUSE_BACKENDS) found.push(await readHourOf(dataDir, backend, key))
  return found
}

/** The same of one backend. */
export async function readHourOf(dataDir: string, backend: HouseBackend, key: HourKey): Promise<HourFiles> {
  if (backend === SEALED_BACKEND) return await readArchivedHour(dataDir, key)
  const range = { cids: [key.cid], tts: [key.tt], startUs: key.hourUs, endUs: key.hourUs + US_PER_HOUR }
  const files: HourFiles = { backend, recorded: [], imported: [], hasFiles: false }
  const checkpoint = await readCheckpoint(dataDir, backend, partitionOf(key.cid))
  for (const { path, hourUs } of await findSegments(dataDir, backend, range)) {
    if (hourUs !== key.hourUs) continue
    files.hasFiles = true
    const ticks = await readTicks(dataDir, path, checkpoint?.files[path])
    const into = path === importedPath(backend, key) ? files.imported : files.recorded
    for (const tick of ticks) into.push(tick)
  }
  return files
}

/** A sealed file that holds nothing by the log was imported. Rows that wait came by it. */
async function readArchivedHour(dataDir: string, key: HourKey): Promise<HourFiles> {
  const { file, ticks } = await readSealedHour(dataDir, key)
  const isRecorded = file !== undefined && file.footer.facts.seq > 0
  const files: HourFiles = {
    backend: SEALED_BACKEND,
    recorded: isRecorded ? ticks : [],
    imported: isRecorded ? [] : ticks,
    hasFiles: ticks.length > 0,
  }
  const checkpoint = await readCheckpoint(dataDir, SEALED_BACKEND, partitionOf(key.cid))
  for (const [path, bytes] of Object.entries(checkpoint?.files ?? {})) {
    const segment = parseSegmentPath(path)
    if (segment?.hourUs !== key.hourUs || segment.cid !== key.cid || segment.tt !== key.tt || bytes === 0) continue
    files.hasFiles = true
    if (file !== undefined && heldSeq(file.footer.facts, checkpoint?.spoolId) >= (checkpoint?.seq ?? 0)) continue // all of them are sealed, and the checkpoint that forgets them follows
    for (const tick of await readTicks(dataDir, path, bytes)) files.recorded.push(tick)
  }
  return files
}

async function readTicks(dataDir: string, path: string, committedBytes: number | undefined): Promise<TickMessage[]> {
  const { backend } = parseSegmentPath(path) ?? {}
  if (backend === undefined) return []
  const bytes = (await readFile(join(dataDir, path))).subarray(0, committedBytes)
  const { wholeBytes, read } = formatOf(backend)
  const whole = wholeBytes(bytes)
  const records = read(bytes.subarray(0, whole))
  const ticks: TickMessage[] = []
  while (records.next()) ticks.push(records.decode())
  if (whole === bytes.length) return ticks
  throw new StorageError('IBS_STORAGE_RECORD_TORN', `${path} ends inside a record; repair or restore it`, {
    path,
    bytes: bytes.length - whole,
  })
}
