import { crc32c } from './crc32c.ts'

/** One version of a closed file: what it holds, and how to see that it still does. */
export interface ManifestEntry {
  /** Relative to DATA_DIR. */
  path: string
  bytes: number
  /** CRC-32C of all its bytes. */
  crc32c: number
  /** Records. */
  count: number
  /** Smallest and largest `ts` in it, µs UTC; in a file of events, `st`. 0 where no record has one. */
  firstTs: number
  lastTs: number
  /** `st` of the last record, µs UTC: with `lastTs` it says whether what is appended later leaves the file sorted. */
  lastSt: number
  /** First and last log sequence that the file got its records from; 0 for what never was in this log (imported, salvaged). */
  firstSeq: number
  lastSeq: number
  /** True where the records stand in order of (`ts`, `st`). */
  sorted: boolean
  /** Present where retention has taken the file away: when, µs UTC. What the other fields say was true until then. */
  removedUs?: number
  /** Present in a file that was begun anew after that, for late ticks: how many ticks went before and are not in it. */
  removedCount?: number
  /** Present where repair could save only a part of a damaged file: how many ticks of it are lost here. */
  lostCount?: number
}

const HEAD_LENGTH = '{"crc32c":"00000000","file":'.length

/** One line: the entry as JSON, with the CRC-32C of exactly those bytes in front. */
export function encodeManifestEntry(entry: ManifestEntry): string {
  const { path, bytes, count, firstTs, lastTs, lastSt, firstSeq, lastSeq, sorted, removedUs, removedCount, lostCount } = entry
  const body = JSON.stringify({
    path,
    bytes,
    crc32c: hex(entry.crc32c),
    count,
    firstTs,
    lastTs,
    lastSt,
    firstSeq,
    lastSeq,
    sorted,
    removedUs,
    removedCount,
    lostCount,
  })
  return lineOf(body)
}

/** The entry of a line (with or without its newline), or undefined where the line is damaged or none. */
export function decodeManifestEntry(line: string): ManifestEntry | undefined {
  const text = line.endsWith('\n') ? line : `${line}\n`
  const body = text.slice(HEAD_LENGTH, -2)
  if (text !== lineOf(body)) return undefined
  const value: unknown = JSON.parse(body) // its sum is right, so somebody wrote these bytes on purpose
  return entryOf(value as Record<string, unknown>)
}

const lineOf = (body: string): string => `{"crc32c":"${hex(crc32c(Buffer.from(body)))}","file":${body}}\n`

export const hex = (sum: number): string => sum.toString(16).padStart(8, '0')

function entryOf(value: Record<string, unknown>): ManifestEntry | undefined {
  const { path, crc32c: sum, sorted, removedUs, removedCount, lostCount } = value
  if (typeof path !== 'string' || typeof sum !== 'string' || !/^[0-9a-f]{8}$/.test(sum) || typeof sorted !== 'boolean') return undefined
  const [bytes, count, firstTs, lastTs, lastSt, firstSeq, lastSeq] = NUMBERS.map((key) => value[key]).filter(isCount)
  if (bytes === undefined || count === undefined || firstTs === undefined || lastTs === undefined) return undefined
  if (lastSt === undefined || firstSeq === undefined || lastSeq === undefined) return undefined
  const entry = { path, bytes, crc32c: Number.parseInt(sum, 16), count, firstTs, lastTs, lastSt, firstSeq, lastSeq, sorted }
  return {
    ...entry,
    ...(isCount(removedUs) ? { removedUs } : {}),
    ...(isCount(removedCount) ? { removedCount } : {}),
    ...(isCount(lostCount) ? { lostCount } : {}),
  }
}

/** Ticks of an hour that retention has taken away, by the newest entry of one of its files. */
export const removedTicks = ({ count, removedUs, removedCount = 0 }: ManifestEntry): number =>
  removedCount + (removedUs === undefined ? 0 : count)

/** Ticks of an hour that a file of it once had and has not now, whoever took them. */
export const missingTicks = (entry: ManifestEntry): number => removedTicks(entry) + (entry.lostCount ?? 0)

const NUMBERS = ['bytes', 'count', 'firstTs', 'lastTs', 'lastSt', 'firstSeq', 'lastSeq'] as const

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
