import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../errors.ts'
import { parseEventsPath } from '../layout/segment-path.ts'
import { crc32c } from '../manifest/crc32c.ts'
import { hex } from '../manifest/manifest-entry.ts'
import type { FileFacts } from './facts.ts'
import { readRecords } from './read-records.ts'

/** What can be wrong. */
export const DAMAGE_KINDS = [
  'missing', // a file that the manifest or the checkpoint vouches for is not there
  'cut', // it is shorter than was vouched for
  'grown', // it is longer, and no checkpoint lists it
  'changed', // its bytes are not those that were vouched for
  'unreadable', // a file that nobody vouches for holds records that are no ticks of it
  'no_entry', // the manifest lacks a file that must have an entry
  'manifest', // lines of a manifest cannot be read
  'checkpoint', // a durable checkpoint cannot be read, or is gone
] as const
export type DamageKind = (typeof DAMAGE_KINDS)[number]

export interface DamageFound {
  path: string
  kind: DamageKind
  /** In words, with numbers. */
  detail: string
}

export interface FileCheck {
  damage: Omit<DamageFound, 'path'> | undefined
  /** Bytes read. */
  bytes: number
  /** Entry or tally stood for these bytes; otherwise only their records were read. */
  vouched: boolean
}

/** Holds one file to what is said of it, as of this moment. Reads it once; twice where something is wrong, to say where. */
export async function checkFile(dataDir: string, path: string, facts: FileFacts): Promise<FileCheck> {
  const { entry, committedBytes, tally, owed } = facts
  const promise = committedBytes !== undefined && tally !== undefined ? tally : entry
  const expectedBytes = Math.max(promise?.bytes ?? 0, committedBytes ?? 0)
  const found = await sumOf(dataDir, path, promise?.bytes ?? 0)
  const check = (damage: FileCheck['damage']): FileCheck => ({ damage, bytes: found?.summedBytes ?? 0, vouched: promise !== undefined })
  if (entry?.removedUs !== undefined && committedBytes === undefined) return check(undefined) // gone on purpose, or about to be
  if (found === undefined)
    return check(expectedBytes > 0 ? { kind: 'missing', detail: `${expectedBytes} bytes were committed` } : undefined)
  if (found.bytes < expectedBytes) return check({ kind: 'cut', detail: `${found.bytes} bytes, ${expectedBytes} were committed` })
  if (promise !== undefined) {
    if (found.crc32c !== promise.crc32c) return check({ kind: 'changed', detail: await whereChanged(dataDir, path, found.crc32c, promise) })
    if (found.bytes > promise.bytes && committedBytes === undefined)
      return check({ kind: 'grown', detail: `${found.bytes} bytes, ${promise.bytes} were committed` })
    return check(undefined)
  }
  if (committedBytes !== undefined || found.bytes === 0) return check(undefined)
  if (owed) return check({ kind: 'no_entry', detail: `its hour is closed but the manifest does not name it; ${found.bytes} bytes` })
  const bad = await firstUnreadable(dataDir, path, found.bytes)
  return { damage: bad === undefined ? undefined : { kind: 'unreadable', detail: bad }, bytes: found.bytes, vouched: false }
}

async function whereChanged(dataDir: string, path: string, found: number, promise: { bytes: number; crc32c: number }): Promise<string> {
  const sums = `CRC-32C ${hex(found)}, was ${hex(promise.crc32c)}`
  const bad = await firstUnreadable(dataDir, path, promise.bytes)
  return `${sums}; ${bad ?? 'every record can be read, so values were changed or records moved'}`
}

async function firstUnreadable(dataDir: string, path: string, lengthBytes: number): Promise<string | undefined> {
  if (parseEventsPath(path) !== undefined) return undefined
  for await (const records of readRecords(dataDir, path, lengthBytes)) {
    const bad = records.find(({ tick }) => tick === undefined)
    if (bad) return `first unreadable record at byte ${bad.offsetBytes} (${bad.reason})`
  }
  return undefined
}

const CHUNK_BYTES = 1024 * 1024

/** Size of a file and CRC-32C of its first `lengthBytes` bytes; undefined where there is none. */
async function sumOf(dataDir: string, path: string, lengthBytes: number) {
  let handle: FileHandle
  try {
    handle = await open(join(dataDir, path), 'r')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, lengthBytes)))
    let sum = 0
    let at = 0
    while (at < lengthBytes) {
      const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, lengthBytes - at), at)
      if (bytesRead === 0) break
      sum = crc32c(chunk.subarray(0, bytesRead), sum)
      at += bytesRead
    }
    return { bytes: (await handle.stat()).size, crc32c: sum, summedBytes: at }
  } finally {
    await handle.close()
  }
}
