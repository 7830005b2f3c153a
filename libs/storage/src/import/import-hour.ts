import { type TickMessage, US_PER_HOUR, usFromMs } from '@ib-stream/model'
import { decodeTicksProto } from '../codec/proto.ts'
import { StorageError } from '../errors.ts'
import { HOUSE_BACKENDS, type HouseBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { segmentPath } from '../layout/segment-path.ts'
import { addToSealed } from '../parquet/add-to-sealed.ts'
import { unlistManifest } from '../repair/mend-manifest.ts'
import { CLOSE_AFTER_US } from '../segment/closed-files.ts'
import { foldersOf } from '../segment/disk.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { importedPath, readHourOf } from './hour-files.ts'
import type { HourKey } from './hour-spool.ts'
import { IMPORT_STATE } from './import-state.ts'
import { ManifestLines } from './manifest-lines.ts'
import { encodeHour, RECORDED_ALREADY } from './plan-hour.ts'
import { differenceOf, marketKey, unionOf } from './union.ts'

/** What an import asks of the owner of a partition, as plain data: ticks of one hour that its imported file is to have, where its own recording lacks them. */
export interface ImportJob extends HourKey {
  do: 'import'
  /** File of the ticks, protobuf with lengths; relative to DATA_DIR, below {@link OFFERS}. */
  offer: string
  /** Beside what is recorded. */
  merge?: boolean
}

/** Where offers lie; one import at a time has them. */
export const OFFERS = `${IMPORT_STATE}/offers`

/** The imported file as it is now, durable; or why it was left as it was. */
export type ImportedHour = { ticks: number; bytes: number } | { leftOut: string }

/**
 * Makes the imported file of an hour for whoever has the files of its partition to himself, from the backend's own files and an offer. Twice is once; killed at any
 * moment there is the old file or the whole new one.
 * @throws StorageError `IBS_STORAGE_IMPORT_REFUSED` where the offer is not there; what reading the hour throws
 */
export async function importHour(work: PartitionWork, job: ImportJob, dataDir: string): Promise<ImportedHour> {
  const { disk, partition, checkLocks } = work
  const backend = HOUSE_BACKENDS.find((one) => one === work.backend)
  if (backend === undefined || partition === 'events') return { leftOut: `${work.backend} ${partition} takes no ticks of an import` }
  const checkpoint = await readCheckpoint(dataDir, backend, partition)
  if (isOpen(job, backend, Object.keys(checkpoint?.files ?? {})))
    return { leftOut: 'the hour is still being recorded; import again when it is over' }
  const { recorded, imported } = await readHourOf(dataDir, backend, job)
  if (recorded.length > 0 && !job.merge) return { leftOut: RECORDED_ALREADY }
  const all = unionOf([[...recorded, ...imported], await readOffer(work, job)], marketKey)
  if (backend === SEALED_BACKEND) {
    const added = differenceOf(all, [...recorded, ...imported], marketKey)
    return { ticks: added.length, ...(added.length > 0 ? await addToSealed({ disk, dataDir, checkLocks }, job, added) : { bytes: 0 }) }
  }
  const ticks = differenceOf(all, recorded, marketKey)
  if (ticks.length === 0) return { ticks: 0, bytes: 0 }
  const bytes = encodeHour(backend, ticks)
  const path = importedPath(backend, job)
  const temporary = `${IMPORT_STATE}/${backend}-${partition}.tmp`
  await disk.makeFolder(IMPORT_STATE)
  await disk.remove(temporary)
  await disk.write(temporary, bytes, 0)
  await disk.syncFile(temporary)
  await disk.makeFolder(foldersOf(path)[0] ?? '')
  const manifests = new ManifestLines(disk)
  await unlistManifest(work, work, manifests.add(path, bytes))
  await checkLocks()
  await disk.rename(temporary, path)
  const folders = new Set([...foldersOf(path), ...(await manifests.write())])
  for (const folder of folders) await disk.syncFolder(folder)
  return { ticks: ticks.length, bytes: bytes.length }
}

/** By the clock, as no tick of the hour need ever come; and by the file that grows, where ticks come late. */
function isOpen(key: HourKey, backend: HouseBackend, listed: readonly string[]): boolean {
  if (key.hourUs + US_PER_HOUR + CLOSE_AFTER_US > usFromMs(Date.now())) return true
  return listed.includes(segmentPath({ ...key, backend }))
}

async function readOffer({ disk }: PartitionWork, { offer }: ImportJob): Promise<TickMessage[]> {
  const size = await disk.size(offer)
  if (size !== undefined) return decodeTicksProto(await disk.read(offer, 0, size)).ticks
  throw new StorageError('IBS_STORAGE_IMPORT_REFUSED', `${offer} is not there; begin the import again`, { offer })
}
