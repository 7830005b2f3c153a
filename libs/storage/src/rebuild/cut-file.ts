import { StorageError } from '../errors.ts'
import { framingOf } from '../layout/backend.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import type { Disk } from '../segment/disk.ts'
import { scanFile } from '../segment/scan-file.ts'
import { readRecords } from '../verify/read-records.ts'
import { floorKey, type LogFloor } from './log-floor.ts'

/** How much of a file lies below the log's floor. */
export interface FileCut {
  /** Bytes that stay: whole records that the log no longer has. */
  bytes: number
  /** Newest `st` among them, µs UTC; 0 without any. */
  newestStUs: number
}

/**
 * Where a file has to be cut so that the log, taken from its floor on, gives it every record once.
 * @param bytes whole records in it
 * @throws StorageError `IBS_STORAGE_CHECKPOINT_DAMAGED` where no place to cut can be told; `IBS_STORAGE_REBUILD_WAITS` where the log ends below the file
 */
export function cutFile(ground: { disk: Disk; dataDir: string }, path: string, bytes: number, floor: LogFloor): Promise<FileCut> {
  return parseSegmentPath(path) ? cutTicks(ground.dataDir, path, bytes, floor) : cutEvents(ground.disk, path, bytes, floor)
}

async function cutTicks(dataDir: string, path: string, bytes: number, floor: LogFloor): Promise<FileCut> {
  const segment = parseSegmentPath(path)
  const fromStUs = segment && floor.firstStUs.get(floorKey(segment.cid, segment.tt))
  const cut: FileCut = { bytes, newestStUs: 0 }
  let isAbove = false
  let hole = false
  for await (const records of readRecords(dataDir, path, bytes)) {
    for (const { tick, offsetBytes } of records) {
      hole ||= tick === undefined && segment !== undefined && framingOf(segment.backend) === 'varint'
      if (tick === undefined) continue // a line that nobody can read stays where it is; `verify` tells of it
      const above = fromStUs !== undefined && tick.st >= fromStUs
      if (above && !isAbove) cut.bytes = offsetBytes
      if (isAbove && !above) throw cannotCut(path, `st ${tick.st} at byte ${offsetBytes} is below what stands before it`)
      isAbove ||= above
      if (!above) cut.newestStUs = Math.max(cut.newestStUs, tick.st)
    }
  }
  if (hole) throw cannotCut(path, 'it is damaged inside')
  if (fromStUs === undefined && cut.newestStUs > floor.newestStUs) throw logIsBehind(path, cut.newestStUs, floor)
  return cut
}

/** Some events come a minute, so a day of them may be text. */
async function cutEvents(disk: Disk, path: string, bytes: number, floor: LogFloor): Promise<FileCut> {
  const text = Buffer.from(await disk.read(path, 0, bytes))
  let kept = 0
  for (let end = text.indexOf(10) + 1; end > 0 && !floor.events.has(text.toString('utf8', kept, end)); end = text.indexOf(10, kept) + 1)
    kept = end
  const { lastTs } = (await scanFile(disk, path, kept)).tally
  if (kept === bytes && floor.events.size === 0 && lastTs > floor.newestStUs) throw logIsBehind(path, lastTs, floor)
  return { bytes: kept, newestStUs: lastTs }
}

const cannotCut = (path: string, why: string): StorageError =>
  new StorageError(
    'IBS_STORAGE_CHECKPOINT_DAMAGED',
    `the checkpoint is lost and ${path} does not tell where to go on: ${why}; restore either from a copy, or move ${path} out of DATA_DIR, and the log gives back what it holds`,
    { path },
  )

const logIsBehind = (path: string, newestStUs: number, floor: LogFloor): StorageError =>
  new StorageError(
    'IBS_STORAGE_REBUILD_WAITS',
    `the checkpoint is lost and the log ends at st ${floor.newestStUs}, below ${path} (${newestStUs}); wait until ingest has refilled it, or move files of another recording away`,
    { path, newestStUs, logNewestStUs: floor.newestStUs },
  )
