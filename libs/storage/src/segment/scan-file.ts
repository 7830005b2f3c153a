import { recordAt } from '../codec/split-varint.ts'
import { framingOf } from '../layout/backend.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { EMPTY_TALLY, extendTally, type Tally } from '../manifest/tally.ts'
import type { Disk } from './disk.ts'

/** What a file holds that nobody kept a tally of. */
export interface Scan {
  tally: Tally
  /** Up to here it is whole records; what follows is a torn tail, or in a protobuf file anything from the first length that is none. */
  wholeBytes: number
}

const CHUNK_BYTES = 256 * 1024

/**
 * Reads the first `lengthBytes` bytes of a file of ticks or events, a chunk at a time.
 * @param seqs what the tally is to say of log sequences: 0 where they are not known
 */
export async function scanFile(disk: Disk, path: string, lengthBytes: number): Promise<Scan> {
  const backend = parseSegmentPath(path)?.backend
  const wholeIn = backend !== undefined && framingOf(backend) === 'varint' ? wholeMessages : wholeLines
  let tally = EMPTY_TALLY
  let rest: Uint8Array = new Uint8Array(0)
  for (let at = 0; at < lengthBytes; ) {
    const chunk = await disk.read(path, at, Math.min(CHUNK_BYTES, lengthBytes - at))
    if (chunk.length === 0) break
    at += chunk.length
    const bytes = Buffer.concat([rest, chunk])
    const whole = wholeIn(bytes)
    tally = extendTally(tally, path, bytes.subarray(0, whole), { firstSeq: 0, lastSeq: 0 })
    rest = bytes.subarray(whole)
    if (rest.length > TORN_MOST_BYTES) break
  }
  return { tally, wholeBytes: tally.bytes }
}

/** No record is longer, so what waits longer for its end has none. */
const TORN_MOST_BYTES = 1024 * 1024 + 8

const wholeLines = (bytes: Uint8Array): number => bytes.lastIndexOf(10) + 1

function wholeMessages(bytes: Uint8Array): number {
  let whole = 0
  try {
    for (let record = recordAt(bytes, 0); record.end >= 0; record = recordAt(bytes, whole)) whole = record.end
  } catch (error) {
    if (!Error.isError(error) || error.name !== 'StorageError') throw error // a length that is none: no record begins here
  }
  return whole
}
