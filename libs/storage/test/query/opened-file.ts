import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TickMessage } from '@ib-stream/model'
import { parseSegmentPath } from '../../src/layout/segment-path.ts'
import { DamageList } from '../../src/query/damage.ts'
import { identityOf } from '../../src/query/file-identity.ts'
import { openSegment, type SegmentFile } from '../../src/query/segment-file.ts'
import { fileOf, HOUR_US, putTicks } from './range-on-disk.ts'

/** One file of ticks, as a query has it open; no manifest knows it. */
export async function openedFile(dataDir: string, ticks: readonly TickMessage[]): Promise<SegmentFile & AsyncDisposable> {
  await putTicks(dataDir, ticks)
  return openAgain(dataDir, ticks)
}

export async function openAgain(dataDir: string, [first]: readonly TickMessage[]): Promise<SegmentFile & AsyncDisposable> {
  const segment = first && parseSegmentPath(fileOf(first, 'json'))
  if (!segment) throw new Error('no file')
  const found = await stat(join(dataDir, segment.path))
  const read = { segment, bytes: found.size, committed: false, asOfStUs: undefined, ...identityOf(found), modifiedMs: found.mtimeMs }
  const range = { startUs: HOUR_US, endUs: HOUR_US + 3_600_000_000 }
  return openSegment(read, { dataDir, ...range, chunkBytes: 64 * 1024, damage: new DamageList(), checkpoint: () => undefined })
}
