import { type BlockReader, formatOf } from '../codec/block-reader.ts'
import { StorageError } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { crc32c } from './crc32c.ts'
import type { ManifestEntry } from './manifest-entry.ts'

/** What is known of a file that still grows; becomes its manifest entry when its hour closes. */
export type Tally = Omit<ManifestEntry, 'path' | 'removedUs'>

export const EMPTY_TALLY: Tally = {
  bytes: 0,
  crc32c: 0,
  count: 0,
  firstTs: 0,
  lastTs: 0,
  lastSt: 0,
  firstSeq: 0,
  lastSeq: 0,
  sorted: true,
}

/**
 * The tally of a file to which whole records were added. Counts from the bytes in memory, so what a disk makes of them later shows.
 * @param seqs first and last log sequence that the records came with; 0 where they came from no log
 */
export function extendTally(before: Tally, path: string, added: Uint8Array, seqs: { firstSeq: number; lastSeq: number }): Tally {
  const after = {
    ...before,
    bytes: before.bytes + added.length,
    crc32c: crc32c(added, before.crc32c),
    firstSeq: before.firstSeq === 0 ? seqs.firstSeq : before.firstSeq,
    lastSeq: Math.max(before.lastSeq, seqs.lastSeq),
  }
  const backend = parseSegmentPath(path)?.backend
  if (backend === undefined) countEvents(after, added)
  else countTicks(after, backend, added)
  return after
}

function countTicks(tally: Tally, backend: Backend, added: Uint8Array): void {
  const records = formatOf(backend).read(added)
  let { count, firstTs, lastTs, lastSt, sorted } = tally
  while (records.next()) {
    if (records.end <= records.start) throw notWhole(added) // a reader of blocks is only made for whole records
    count++
    if (!records.readStamps() && !decodes(records)) {
      sorted = false
      continue
    }
    const { ts, st } = records
    if (ts < lastTs || (ts === lastTs && st < lastSt)) sorted = false
    if (ts > lastTs) lastTs = ts
    if (ts < firstTs || firstTs === 0) firstTs = ts
    lastSt = st
  }
  Object.assign(tally, { count, firstTs, lastTs, lastSt, sorted })
}

function notWhole({ length: bytes }: Uint8Array): StorageError {
  return new StorageError('IBS_STORAGE_RECORD_TORN', 'these bytes end inside a record; append whole records', { bytes })
}

/** For records in another spelling; false for what is no tick. */
function decodes(records: BlockReader): boolean {
  try {
    const { ts, st } = records.decode()
    records.ts = ts
    records.st = st
    return true
  } catch (error) {
    if (Error.isError(error) && error.name === 'StorageError') return false
    throw error
  }
}

const EVENT_ST = /"st":(\d{1,16})\b/

/** Events come some a minute, so their stamps may be looked for in the text. */
function countEvents(tally: Tally, added: Uint8Array): void {
  const lines = Buffer.from(added.buffer, added.byteOffset, added.length).toString('utf8').split('\n').slice(0, -1)
  for (const line of lines) {
    tally.count++
    const st = Number(EVENT_ST.exec(line)?.[1] ?? 0)
    if (st === 0 || !Number.isSafeInteger(st)) continue // a checkpoint that says such a number cannot be read
    if (st < tally.lastSt) tally.sorted = false
    tally.firstTs = tally.firstTs === 0 ? st : Math.min(tally.firstTs, st)
    tally.lastTs = Math.max(tally.lastTs, st)
    tally.lastSt = st
  }
}
