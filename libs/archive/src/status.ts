import { listWholeDays } from '@ib-stream/storage'
import { Audit } from './audit.ts'
import { readBack } from './day-copy.ts'
import { type ArchivedDay, dateOf } from './day-record.ts'
import type { ObjectStore } from './object-store.ts'
import { Records } from './records.ts'

/** A date of the archive, here and in the bucket. */
export interface DateStatus {
  date: string
  /** Days (a contract and tick type each) that are one sealed file here. */
  local: number
  /** Those in the bucket, by its record, and their bytes. */
  archived: number
  archivedBytes: number
  /** Archived days whose objects were held to the record now: by size and etag, or, where asked for, by reading them. */
  verified: number
  /** Local days that are not archived as they are now. */
  waiting: number
  /** Paths of objects that are damaged or gone. */
  damaged: string[]
}

export interface StatusOptions {
  dataDir: string
  store: ObjectStore
  prefix: string
  /** `read`: every object is read and held to its SHA-256. */
  verify: 'list' | 'read'
  signal: AbortSignal
}

/** Looks at the bucket and the files as they are; nothing is written. The oldest date first. @throws ArchiveError of the store; `signal.reason` */
export async function archiveStatus({ dataDir, store, prefix, verify, signal }: StatusOptions): Promise<DateStatus[]> {
  const audit = await Audit.list({ store, prefix }, signal)
  const records = new Records({ dataDir, store, prefix })
  const local = Map.groupBy(await listWholeDays(dataDir), ({ dayUs }) => dateOf(dayUs))
  const all: DateStatus[] = []
  for (const date of [...new Set([...local.keys(), ...audit.dates])].sort()) {
    const here = local.get(date) ?? []
    const days = new Map(((await records.readBucket(date, signal))?.days ?? []).map((day) => [day.path, day]))
    const damaged: string[] = []
    for (const day of days.values()) if (!(await isSound(day))) damaged.push(day.path)
    const waiting = here.filter(({ path, bytes, modifiedMs }) => {
      const copy = days.get(path)
      return copy?.bytes !== bytes || copy.modifiedMs !== modifiedMs || damaged.includes(path)
    })
    const archivedBytes = [...days.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    const counts = { local: here.length, archived: days.size, archivedBytes, verified: days.size - damaged.length, waiting: waiting.length }
    all.push({ date, ...counts, damaged })
  }
  return all

  async function isSound(day: ArchivedDay): Promise<boolean> {
    if ((await audit.hold(day, signal)) === undefined) return false
    return verify === 'list' || (await readBack({ store, signal }, `${prefix}${day.path}`)) === day.sha256
  }
}
