import { codeOf, partitionOf } from '@ib-stream/model'
import { listSealedDays, listSealedFiles, listSealedSeries, type SealedDay, sealedThatCount } from '../layout/sealed-path.ts'
import { type OpenedSealed, openDay, openSealed } from '../query/sealed-snapshot.ts'

/** Days of the archive, of one contract or of all that a partition has or of all, by their first µs. */
export async function sealedDays(
  dataDir: string,
  {
    startUs = 0,
    endUs = Number.MAX_SAFE_INTEGER,
    cid,
    only,
  }: { startUs?: number; endUs?: number; cid?: number | undefined; only?: number | undefined } = {},
): Promise<Map<number, SealedDay[]>> {
  const days: SealedDay[] = []
  for (const series of await listSealedSeries(dataDir)) {
    const isWanted = (cid === undefined || cid === series.cid) && (only === undefined || only === partitionOf(series.cid))
    if (isWanted) days.push(...(await listSealedDays(dataDir, series, { startUs, endUs })))
  }
  return Map.groupBy(days, ({ dayUs }) => dayUs)
}

/** The sealed files of a day that count, but for those that are damaged. */
export async function openUndamaged(dataDir: string, day: SealedDay): Promise<OpenedSealed[]> {
  try {
    return await openDay(dataDir, day)
  } catch (error) {
    if (codeOf(error) !== 'IBS_STORAGE_SEALED_DAMAGED') throw error
  }
  const files = sealedThatCount(await listSealedFiles(dataDir, day))
  const opened = await Promise.allSettled(files.map((path) => openSealed(dataDir, path)))
  return opened.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
}

/** `stat` counts blocks of this size, whatever the file system's are. */
export const STAT_BLOCK_BYTES = 512
