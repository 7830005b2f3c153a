import { isoFromUs, isTickType, type TickType } from '@ib-stream/model'
import { ArchiveError } from './errors.ts'

/** A day of one contract and tick type that is in the bucket and was confirmed there. */
export interface ArchivedDay {
  cid: number
  tt: TickType
  /** Below DATA_DIR, and below the prefix of the bucket. */
  path: string
  bytes: number
  /** Of the whole file, hexadecimal. */
  sha256: string
  /** Ticks in it. */
  count: number
  /** Log sequence up to which it holds its hours, of the recording `spoolId`. */
  seq: number
  spoolId?: string
  etag: string
  /** How the copy was held to `sha256`: by the server's own sum of the whole object, or by reading all of it back. */
  confirmed: 'server' | 'read'
  /** µs UTC. */
  archivedUs: number
  /** Of the file that was copied; tells a file that was not touched since. */
  modifiedMs: number
}

/** All archived days of one UTC date. The same text lies in the bucket and below `.state/archive/`. */
export interface DateRecord {
  /** `2026-11-24` */
  date: string
  days: readonly ArchivedDay[]
}

export const dateOf = (dayUs: number): string => isoFromUs(dayUs).slice(0, 10)

/** Key of the record of a date below the prefix. */
export const recordKey = (date: string): string => `manifest/${date}.json`

export function encodeRecord({ date, days }: DateRecord): string {
  const sorted = days.toSorted((a, b) => a.cid - b.cid || (a.tt < b.tt ? -1 : 1))
  return `${JSON.stringify({ version: 1, date, days: sorted }, null, 1)}\n`
}

/**
 * @param where names the text for people
 * @throws ArchiveError `IBS_ARCHIVE_RECORD_INVALID`
 */
export function decodeRecord(text: string, date: string, where: string): DateRecord {
  const found = parsed(text)
  if (found?.date === date && found.version === 1 && Array.isArray(found.days) && found.days.every(isArchivedDay))
    return { date, days: found.days }
  throw new ArchiveError(
    'IBS_ARCHIVE_RECORD_INVALID',
    `${where} is no record of ${date}; remove it, and the keeper of the host that has its days writes it anew`,
    {
      where,
      date,
    },
  )
}

function parsed(text: string): { version?: unknown; date?: unknown; days?: unknown } | undefined {
  try {
    return (JSON.parse(text) ?? undefined) as { version?: unknown; date?: unknown; days?: unknown } | undefined
  } catch {
    return undefined
  }
}

function isArchivedDay(value: unknown): value is ArchivedDay {
  const { tt, sha256, confirmed, path, etag, spoolId, ...numbers } = (value ?? {}) as Record<keyof ArchivedDay, unknown>
  const { cid, bytes, count, seq, archivedUs, modifiedMs } = numbers
  return (
    [cid, bytes, count, seq, archivedUs, modifiedMs].every((number) => typeof number === 'number' && number >= 0) &&
    [path, etag].every((text) => typeof text === 'string') &&
    (spoolId === undefined || typeof spoolId === 'string') &&
    (confirmed === 'server' || confirmed === 'read') &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    isTickType(tt)
  )
}
