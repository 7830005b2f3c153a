import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hourOf, partitionOf, type TickMessage } from '@ib-stream/model'
import { encodeTickProto, openPartitionStore, Sealer, segmentPath } from '@ib-stream/storage'

const SOURCE = { spoolId: 'spool-1', source: 'gateway' as const }

/**
 * A DATA_DIR with the archive of one contract, as writer-parquet would have written it.
 * @param ticks in the order of their arrival
 * @param options.sealAfter when so many of them were written, the hours that are over by then are sealed; what comes after stays in rows
 */
export async function recordedArchive(ticks: readonly TickMessage[], { sealAfter }: { sealAfter: number }): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-archive-'))
  const partition = partitionOf(ticks[0]?.cid ?? 0)
  await using store = await openPartitionStore({ dataDir, backend: 'parquet', partition, source: SOURCE })
  if (store === undefined) throw new Error('the partition is locked')
  const sealer = new Sealer({ dataDir, partition, source: SOURCE, store })
  for (const [n, tick] of ticks.entries()) {
    store.append(segmentPath({ backend: 'parquet', cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) }), encodeTickProto(tick))
    store.advance(n + 1, tick.st)
    if (n + 1 !== sealAfter) continue
    await store.commitDurable()
    await sealer.sealHours()
  }
  await store.commitDurable()
  return dataDir
}
