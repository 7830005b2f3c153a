import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TickType, US_PER_DAY } from '@ib-stream/model'
import type { TickColumns } from '../codec/columns.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { SEALED_FOLDER, sealedFolder } from '../layout/sealed-path.ts'
import { openRange } from '../query/open-range.ts'
import type { RangeOptions } from '../query/plan-range.ts'
import { nodeDisk } from '../segment/disk.ts'
import { LEVEL } from './seal-columns.ts'
import { nameSealed, sealFile } from './seal-file.ts'

export interface ExportOptions extends RangeOptions {
  /** Folder that gets the files; made where it is missing. */
  to: string
  /** Told of each file. */
  onFile?: (file: ExportedFile) => void
  /** Looked at before each day and each read; its reason is thrown, and the files made so far stay. */
  signal?: AbortSignal
}

export interface ExportedFile {
  /** Relative to `to`. */
  path: string
  ticks: number
  bytes: number
}

/**
 * Ticks of a range, from whatever backends hold them, as Parquet files of the archive's form: `cid=…/tt=…/date=…/ticks.parquet`, one a contract, tick type and UTC day of `ts`. A file
 * that is there already is replaced once the new one is whole. Ticks that only the log has are not in it. Memory: some thousand rows and one row group.
 * @throws StorageError as `openRange`
 */
export async function exportParquet({ to, onFile, signal, ...range }: ExportOptions): Promise<ExportedFile[]> {
  const files: ExportedFile[] = []
  for (const cid of range.cids) {
    for (const tt of range.tts) {
      for (const dayUs of await daysOf({ ...range, cids: [cid], tts: [tt] })) {
        signal?.throwIfAborted()
        const file = await exportDay({ ...range, to, signal }, { cid, tt, dayUs })
        if (file === undefined) continue
        files.push(file)
        onFile?.(file)
      }
    }
  }
  return files
}

/** Days from the first tick of the range to the last. */
async function daysOf(options: RangeOptions): Promise<number[]> {
  await using range = await openRange(options)
  const first = await range.first()
  const [last] = await range.last(1)
  if (first === undefined || last === undefined) return []
  const count = (dayOf(last.ts) - dayOf(first.ts)) / US_PER_DAY + 1
  return Array.from({ length: count }, (_, n) => dayOf(first.ts) + n * US_PER_DAY)
}

async function exportDay(
  { to, signal, ...options }: Omit<ExportOptions, 'signal'> & { signal: AbortSignal | undefined },
  day: { cid: number; tt: TickType; dayUs: number },
): Promise<ExportedFile | undefined> {
  const part = { startUs: Math.max(options.startUs, day.dayUs), endUs: Math.min(options.endUs, day.dayUs + US_PER_DAY) }
  await using range = await openRange({ ...options, ...part, cids: [day.cid], tts: [day.tt] })
  const columns = (): AsyncIterable<TickColumns> => range.columns({ batchTicks: 8192, ...(signal ? { signal } : {}) })
  const path = `${sealedFolder(day).slice(SEALED_FOLDER.length + 1)}/ticks.parquet`
  const disk = nodeDisk(to)
  const made = await sealFile({ disk, path, head: { cid: day.cid, tt: day.tt, seq: 0 }, level: LEVEL.day, columns })
  if (made === undefined) return undefined
  await nameSealed(disk, made.temporary, path)
  return { path, ticks: made.facts.count, bytes: (await stat(join(to, path))).size }
}
