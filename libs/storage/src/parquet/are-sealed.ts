import { parseSegmentPath } from '../layout/segment-path.ts'
import { readRecords } from '../verify/read-records.ts'
import type { SealedFacts } from './footer.ts'

/**
 * True where a sealed file has the rows of one of its hours: in a recording `st` always rises, and rows that a file has are not added to after it.
 * @param path of the rows
 * @param lengthBytes what of them counts
 */
export async function areSealed(
  dataDir: string,
  { hours }: Pick<SealedFacts, 'hours'>,
  path: string,
  lengthBytes: number,
): Promise<boolean> {
  if (lengthBytes === 0) return true // listed for ticks that then never came; there may be no file
  const segment = parseSegmentPath(path)
  const lastSt = hours.find(({ hourUs }) => hourUs === segment?.hourUs)?.lastSt ?? -1
  for await (const records of readRecords(dataDir, path, lengthBytes))
    if (records.some(({ tick }) => tick === undefined || tick.st > lastSt)) return false
  return true
}
