import { listWholeDays } from '@ib-stream/storage'
import { Audit } from './audit.ts'
import { readBack } from './day-copy.ts'
import { type ArchivedDay, dateOf, recordKey } from './day-record.ts'
import { Failures } from './failures.ts'
import type { ObjectStore } from './object-store.ts'
import { Records } from './records.ts'
import type { ArchiveFailure } from './run.ts'

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
  /** What could not be looked at: the record of the date, whose days then count as not archived, or a copy, which is then not verified. */
  failures: ArchiveFailure[]
}

export interface StatusOptions {
  dataDir: string
  store: ObjectStore
  prefix: string
  /** `read`: every object is read and held to its SHA-256. */
  verify: 'list' | 'read'
  signal: AbortSignal
}

/** Looks at the bucket and the files as they are; nothing is written. The oldest date first. @throws ArchiveError of a store that is away or refuses; `signal.reason` */
export async function archiveStatus({ dataDir, store, prefix, verify, signal }: StatusOptions): Promise<DateStatus[]> {
  const audit = await Audit.list({ store, prefix }, signal)
  const records = new Records({ dataDir, store, prefix })
  const local = Map.groupBy(await listWholeDays(dataDir), ({ dayUs }) => dateOf(dayUs))
  const noted = new Failures({ store, prefix, signal })
  const all: DateStatus[] = []
  for (const date of [...new Set([...local.keys(), ...audit.dates])].sort()) {
    const here = local.get(date) ?? []
    const failuresBefore = noted.list.length
    const days = new Map((await daysOf(date)).map((day) => [day.path, day]))
    const damaged: string[] = []
    let verified = 0
    for (const day of days.values()) {
      const found = await look(day)
      if (found === 'sound') verified += 1
      if (found === 'damaged') damaged.push(day.path)
    }
    const waiting = here.filter(({ path, bytes, modifiedMs }) => {
      const copy = days.get(path)
      return copy?.bytes !== bytes || copy.modifiedMs !== modifiedMs || damaged.includes(path)
    })
    const archivedBytes = [...days.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    const counts = { local: here.length, archived: days.size, archivedBytes, verified, waiting: waiting.length }
    all.push({ date, ...counts, damaged, failures: noted.list.slice(failuresBefore) })
  }
  return all

  async function daysOf(date: string): Promise<readonly ArchivedDay[]> {
    try {
      return (await records.readBucket(date, signal))?.days ?? []
    } catch (error) {
      await noted.note(recordKey(date), error)
      return []
    }
  }

  async function look(day: ArchivedDay): Promise<'sound' | 'damaged' | 'unseen'> {
    try {
      return (await isSound(day)) ? 'sound' : 'damaged'
    } catch (error) {
      await noted.note(day.path, error)
      return 'unseen'
    }
  }

  async function isSound(day: ArchivedDay): Promise<boolean> {
    if ((await audit.hold(day, signal)) === undefined) return false
    return verify === 'list' || (await readBack({ store, signal }, `${prefix}${day.path}`)) === day.sha256
  }
}
