import type { BlockReader } from '../codec/block-reader.ts'
import { blocksOf, isStorageError, recordsOf, type SegmentFile } from './segment-file.ts'
import { surveyCache } from './survey-cache.ts'

/** A stretch of a file: some hundred KiB of whole records, and what their stamps are. */
export interface Stretch {
  fromBytes: number
  toBytes: number
  /** Records with stamps. */
  count: number
  minTs: number
  maxTs: number
}

/** What a look at the stamps of all records tells: where in the file which time is, and whether it may be read as it lies. */
export interface Survey {
  /** The records stand in order of (`ts`, `st`). */
  sorted: boolean
  /** Every record has its stamps where we write them. Else some are spelled in another way, or are none. */
  plain: boolean
  stretches: readonly Stretch[]
}

/** A survey that can go on where the file has grown. */
export interface GrowingSurvey extends Survey {
  stretches: Stretch[]
  /** Up to here the file is known. */
  surveyedBytes: number
  lastTs: number
  lastSt: number
}

/**
 * The survey of a file up to the length that counts. Remembered: files only grow, so the next time only what is new is looked at. Stamps alone are read, several
 * times as fast as ticks are.
 * @throws StorageError `IBS_STORAGE_RECORD_TORN`, `IBS_STORAGE_SEGMENT_GONE`
 */
export async function surveyOf(file: SegmentFile): Promise<Survey> {
  const { read } = file
  const known = surveyCache.take(file)
  const survey: GrowingSurvey = known ?? { sorted: true, plain: true, stretches: [], surveyedBytes: 0, lastTs: -1, lastSt: -1 }
  for await (const block of blocksOf(surveying(file), { fromBytes: survey.surveyedBytes, toBytes: read.bytes })) {
    const stretch = { fromBytes: block.offsetBytes, toBytes: block.offsetBytes + block.bytes.length }
    extend(survey, stretch, recordsOf(file, block))
    survey.surveyedBytes = stretch.toBytes
  }
  surveyCache.keep(file, survey)
  return survey
}

/** Small enough that the edges of a range cost little, large enough that the survey of a large file is small. */
const STRETCH_BYTES = 128 * 1024

const surveying = (file: SegmentFile): SegmentFile => ({ ...file, context: { ...file.context, chunkBytes: STRETCH_BYTES } })

function extend(survey: GrowingSurvey, place: { fromBytes: number; toBytes: number }, records: BlockReader): void {
  let { sorted, plain, lastTs, lastSt } = survey
  let count = 0
  let minTs = Number.POSITIVE_INFINITY
  let maxTs = Number.NEGATIVE_INFINITY
  while (records.next()) {
    if (!records.readStamps()) {
      plain = false
      if (!stampsByDecoding(records)) continue
    }
    const { ts, st } = records
    if (ts < lastTs || (ts === lastTs && st < lastSt)) sorted = false
    lastTs = ts
    lastSt = st
    if (ts < minTs) minTs = ts
    if (ts > maxTs) maxTs = ts
    count++
  }
  Object.assign(survey, { sorted, plain, lastTs, lastSt })
  survey.stretches.push({ ...place, count, minTs, maxTs })
}

/** Fills `ts` and `st` of the record, by decoding it where its spelling is not ours; false for what is no tick. */
export const hasStamps = (records: BlockReader): boolean => records.readStamps() || stampsByDecoding(records)

/** For records in another spelling. False for what is no tick: reading it says so, if it is read. */
function stampsByDecoding(records: BlockReader): boolean {
  try {
    const { ts, st } = records.decode()
    records.ts = ts
    records.st = st
    return true
  } catch (error) {
    if (isStorageError(error)) return false
    throw error
  }
}
