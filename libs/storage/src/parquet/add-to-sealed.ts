import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, partitionOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { columnsOf, type TickColumns } from '../codec/columns.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { sealedHourPath } from '../layout/sealed-path.ts'
import { type OpenedSealed, openDay } from '../query/sealed-snapshot.ts'
import type { Disk } from '../segment/disk.ts'
import { openCheckpoints } from '../segment/open-checkpoints.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import { SegmentFiles } from '../segment/segment-files.ts'
import { LEVEL } from './seal-columns.ts'
import { nameSealed, sealFile } from './seal-file.ts'
import { sealedBytesOf } from './sealed-file.ts'
import { ALL_ROWS, type SealedFilter, sealedRows } from './sealed-rows.ts'
import type { SealedHead } from './sealed-writer.ts'

/** An hour of one contract and tick type. */
export interface SealedHourKey extends Pick<SealedHead, 'cid' | 'tt'> {
  /** First µs of the UTC hour. */
  hourUs: number
}

/** The file that has an hour, if there is one, and its ticks of that hour. */
export interface SealedHourTicks {
  file: OpenedSealed | undefined
  ticks: TickMessage[]
}

/** @throws StorageError `IBS_STORAGE_SEALED_DAMAGED` */
export async function readSealedHour(dataDir: string, { cid, tt, hourUs }: SealedHourKey): Promise<SealedHourTicks> {
  const files = await openDay(dataDir, { cid, tt, dayUs: dayOf(hourUs) })
  const file = files.find(({ path }) => path.hourUs === undefined || path.hourUs === hourUs)
  const ticks: TickMessage[] = []
  if (file === undefined) return { file, ticks }
  for await (const columns of rowsIn(dataDir, file, { fromTs: hourUs, toTs: hourUs + US_PER_HOUR }))
    for (let row = 0; row < columns.length; row++) ticks.push(tickOfRow(columns, row))
  return { file, ticks }
}

export interface AddGround {
  disk: Disk
  dataDir: string
  /** Throws where the lock of the partition is not held any more. */
  checkLocks(): Promise<void>
}

/**
 * Gives the sealed file of an hour (of its day, where that is one file) ticks that came by no log. It goes on to hold its hours up to the same position, so rows that wait stay
 * beside it; a new file holds none by the log. Killed, or without power, at any moment there is the old file or the whole new one. Memory: the ticks of the hour.
 * @returns bytes that the archive grew by
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`, what the disk says
 */
export async function addToSealed(ground: AddGround, key: SealedHourKey, added: readonly TickMessage[]): Promise<{ bytes: number }> {
  const { disk, dataDir, checkLocks } = ground
  const { cid, tt, hourUs } = key
  const { file, ticks } = await readSealedHour(dataDir, key)
  const hour = columnsOf([...ticks, ...added].sort(compareTicks))
  const path = file?.path.path ?? sealedHourPath({ cid, tt, dayUs: dayOf(hourUs) }, hourUs)
  const columns = async function* () {
    if (file) yield* rowsIn(dataDir, file, { toTs: hourUs })
    yield hour
    if (file) yield* rowsIn(dataDir, file, { fromTs: hourUs + US_PER_HOUR })
  }
  const made = await sealFile({ disk, path, head: headOf(key, file), level: LEVEL.hour, columns })
  if (made === undefined) return { bytes: 0 }
  const at: Pick<PartitionWork, 'backend' | 'partition'> = { backend: SEALED_BACKEND, partition: partitionOf(cid) }
  const checkpoints = await openCheckpoints(ground, at)
  await checkLocks()
  await nameSealed(disk, made.temporary, path)
  if (checkpoints) await new SegmentFiles({ disk, ...at }, checkpoints).forgetRows([]) // by which readers see that something changed
  return { bytes: Math.max(0, made.bytes - (file?.found.size ?? 0)) }
}

function headOf({ cid, tt }: SealedHourKey, file: OpenedSealed | undefined): SealedHead {
  if (file === undefined) return { cid, tt, seq: 0 }
  const { version: _version, count: _count, hours: _hours, crc32c: _crc32c, ...head } = file.footer.facts
  return head
}

const BATCH_TICKS = 8192

async function* rowsIn(
  dataDir: string,
  { path, footer }: OpenedSealed,
  range: Partial<SealedFilter>,
): AsyncGenerator<TickColumns, void, undefined> {
  await using handle = await open(join(dataDir, path.path), 'r')
  const options = { filter: { ...ALL_ROWS, ...range }, order: 'ascending', rows: BATCH_TICKS, life: 'kept' } as const
  for await (const columns of sealedRows(await sealedBytesOf(path.path, handle), footer, options)) yield columns.rows(0, columns.length)
}
