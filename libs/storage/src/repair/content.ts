import { type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { encodeTicksJson } from '../codec/json.ts'
import { encodeTicksProto } from '../codec/proto.ts'
import { type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import type { Segment } from '../layout/segment-path.ts'
import { crc32c } from '../manifest/crc32c.ts'
import { EMPTY_TALLY, extendTally, type Tally } from '../manifest/tally.ts'
import { openRange } from '../query/open-range.ts'
import type { Disk } from '../segment/disk.ts'
import { type FoundRecord, readRecords } from '../verify/read-records.ts'

/** Bytes that a file has or could have, in chunks; can be asked for again. */
export type Content = () => AsyncGenerator<Uint8Array, void, undefined>

const CHUNK_BYTES = 1024 * 1024

/** All bytes of a file, whatever they are; none where there is no file. */
export function allBytes(disk: Disk, path: string): Content {
  return async function* () {
    const size = (await disk.size(path)) ?? 0
    for (let at = 0; at < size; at += CHUNK_BYTES) yield await disk.read(path, at, Math.min(CHUNK_BYTES, size - at))
  }
}

/** The records of a file of ticks that can be read, byte for byte. */
export function readableBytes(disk: Disk, dataDir: string, path: string): Content {
  return async function* () {
    if (((await disk.size(path)) ?? 0) === 0) return
    for await (const records of readRecords(dataDir, path, Number.POSITIVE_INFINITY)) {
      for (const { offsetBytes, bytes } of runsOf(records)) yield await disk.read(path, offsetBytes, bytes)
    }
  }
}

/** Readable records that stand one behind the other, as one piece each. */
function runsOf(records: readonly FoundRecord[]): { offsetBytes: number; bytes: number }[] {
  const runs: { offsetBytes: number; bytes: number }[] = []
  for (const { offsetBytes, bytes, tick } of records) {
    const last = runs.at(-1)
    if (tick === undefined) continue
    if (last && last.offsetBytes + last.bytes === offsetBytes) last.bytes += bytes
    else runs.push({ offsetBytes, bytes })
  }
  return runs
}

/** The ticks of a file of another backend, in its order, as records of `backend`. */
export function reencoded(dataDir: string, path: string, backend: OwnBackend): Content {
  return async function* () {
    for await (const records of readRecords(dataDir, path, Number.POSITIVE_INFINITY)) {
      const ticks = ticksOf(records)
      if (ticks.length > 0) yield backend === 'json' ? encodeTicksJson(ticks) : encodeTicksProto(ticks)
    }
  }
}

/**
 * What the archive holds of an hour, as records of `backend` in the order of the log, which within one recording is that of `st`. Where ticks were imported into the hour they
 * are among them: only a sum can prove it. Memory: the ticks of the hour.
 * @throws StorageError where the archive is damaged there
 */
export function archived(dataDir: string, { cid, tt, hourUs }: Pick<Segment, 'cid' | 'tt' | 'hourUs'>, backend: OwnBackend): Content {
  return async function* () {
    const hour = { startUs: hourUs, endUs: hourUs + US_PER_HOUR }
    await using range = await openRange({ dataDir, backends: [SEALED_BACKEND], cids: [cid], tts: [tt], ...hour })
    const ticks: TickMessage[] = []
    for await (const batch of range.batches()) for (const tick of batch) ticks.push(tick)
    if (ticks.length === 0) return
    ticks.sort((a, b) => a.st - b.st)
    yield backend === 'json' ? encodeTicksJson(ticks) : encodeTicksProto(ticks)
  }
}

export const ticksOf = (records: readonly FoundRecord[]): TickMessage[] => records.flatMap(({ tick }) => tick ?? [])

/** No more than the first `lengthBytes` bytes. */
export function cutTo(content: Content, lengthBytes: number): Content {
  return async function* () {
    let left = lengthBytes
    for await (const chunk of content()) {
      if (left === 0) return
      const taken = chunk.subarray(0, left)
      left -= taken.length
      yield taken
    }
  }
}

export interface Sum {
  bytes: number
  crc32c: number
}

export async function sumOf(content: Content): Promise<Sum> {
  const sum: Sum = { bytes: 0, crc32c: 0 }
  for await (const chunk of content()) {
    sum.bytes += chunk.length
    sum.crc32c = crc32c(chunk, sum.crc32c)
  }
  return sum
}

export const isSame = (a: Sum, b: Sum): boolean => a.bytes === b.bytes && a.crc32c === b.crc32c

/** What a manifest says of content in whole records. */
export async function tallyOf(content: Content, path: string, seqs: { firstSeq: number; lastSeq: number }): Promise<Tally> {
  let tally = EMPTY_TALLY
  for await (const chunk of content()) tally = extendTally(tally, path, chunk, seqs)
  return tally
}
