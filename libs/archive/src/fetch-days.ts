import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { codeOf, type TickType, US_PER_DAY, usFromMs } from '@ib-stream/model'
import { adoptDay, parseSealedPath } from '@ib-stream/storage'
import { Audit } from './audit.ts'
import { type ArchivedDay, recordKey } from './day-record.ts'
import { ArchiveError } from './errors.ts'
import { Failures } from './failures.ts'
import { assertSource } from './marker.ts'
import type { ObjectStore } from './object-store.ts'
import { Records } from './records.ts'
import type { ArchiveFailure } from './run.ts'

export interface FetchOptions {
  dataDir: string
  store: ObjectStore
  prefix: string
  source: 'gateway' | 'simulator'
  /** Days that touch it, µs UTC. */
  range: { startUs: number; endUs: number }
  /** @default all */
  cid?: number | undefined
  tts?: readonly TickType[] | undefined
  signal: AbortSignal
  onDay?: (day: FetchedDay) => void
}

export interface FetchedDay {
  day: ArchivedDay
  /** `there`: the folder has whole files of the day, which stay. */
  did: 'fetched' | 'there'
}

export interface FetchReport {
  days: FetchedDay[]
  /** Records that could not be read, and days that could not be brought; the others were. */
  failures: ArchiveFailure[]
}

/** A day may be copied anew between the reading of its record and that of its bytes. */
const TRIES = 3

/**
 * Brings archived days into a data folder, each held to its SHA-256 before it gets its name; whatever whole files of a day are there stay.
 * @throws ArchiveError of a store that is away or refuses, `IBS_ARCHIVE_SOURCE_MIXED`; `IBS_ARCHIVE_WRITE_FAILED` where the disk is full; StorageError `IBS_STORAGE_BACKEND_IN_USE`, `IBS_STORAGE_SOURCE_MIXED`; `signal.reason`
 */
export async function fetchDays(options: FetchOptions): Promise<FetchReport> {
  const { store, prefix, range, cid, tts, signal, onDay } = options
  await assertSource(options, { make: false, signal })
  const records = new Records(options)
  const report: FetchReport = { days: [], failures: [] }
  const failures = new Failures(options, report.failures)
  const { dates } = await Audit.list({ store, prefix }, signal)
  for (const date of dates.sort()) {
    const dayUs = usFromMs(Date.parse(`${date}T00:00:00Z`))
    if (dayUs + US_PER_DAY <= range.startUs || dayUs >= range.endUs) continue
    const record = await records.readBucket(date, signal).catch((error: unknown) => failures.note(recordKey(date), error))
    for (const day of record?.days ?? []) {
      if ((cid !== undefined && day.cid !== cid) || tts?.includes(day.tt) === false) continue
      const one = await fetchDay(options, records, date, day).catch((error: unknown) => failures.note(day.path, error))
      if (!one) continue
      onDay?.(one)
      report.days.push(one)
    }
  }
  return report
}

async function fetchDay(options: FetchOptions, records: Records, date: string, listed: ArchivedDay): Promise<FetchedDay> {
  const { dataDir, signal } = options
  const place = parseSealedPath(listed.path)
  if (place === undefined || place.cid !== listed.cid || place.tt !== listed.tt)
    throw new ArchiveError('IBS_ARCHIVE_RECORD_INVALID', `the record of ${date} names ${listed.path}, which is no day file`, {
      date,
      path: listed.path,
    })
  let day = listed
  for (let tries = 1; ; tries++) {
    try {
      return {
        day,
        did: (await adoptDay({ dataDir, day: place, bring: (path) => bring(options, day, path) })) === 'adopted' ? 'fetched' : 'there',
      }
    } catch (error) {
      if (codeOf(error) !== 'IBS_ARCHIVE_CHECKSUM' || tries === TRIES) throw error
      const now = await records.readBucket(date, signal)
      day = now?.days.find(({ path }) => path === day.path) ?? day
    }
  }
}

async function bring({ store, prefix, signal }: FetchOptions, { path, bytes, sha256, modifiedMs }: ArchivedDay, to: string): Promise<void> {
  const key = `${prefix}${path}`
  const body = await store.get(key, signal)
  const hash = createHash('sha256')
  if (body !== undefined) {
    const hashed = async function* () {
      try {
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          hash.update(chunk)
          yield chunk
        }
      } catch (cause) {
        signal.throwIfAborted()
        throw new ArchiveError('IBS_ARCHIVE_AWAY', `${key} broke off while it was read; try again`, { key }, { cause })
      }
    }
    await pipeline(hashed, createWriteStream(to), { signal }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw codeOf(cause) === 'IBS_ARCHIVE_AWAY' ? cause : notWritten(to, cause)
    })
    if (hash.digest('hex') === sha256) return await utimes(to, new Date(modifiedMs), new Date(modifiedMs)) // by which it is seen to be the same
  }
  const what = body === undefined ? 'is not in the bucket' : `is not what was archived (${bytes} bytes, SHA-256 ${sha256})`
  throw new ArchiveError('IBS_ARCHIVE_CHECKSUM', `${key} ${what}; the keeper of the host that has the day copies it again`, {
    key,
    bytes,
    sha256,
  })
}

function notWritten(to: string, cause: unknown): ArchiveError {
  const why = Error.isError(cause) ? cause.message : String(cause)
  return new ArchiveError(
    'IBS_ARCHIVE_WRITE_FAILED',
    `${to} cannot be written (${why}); make room on its disk or mend it, and fetch again`,
    { path: to },
    { cause },
  )
}
