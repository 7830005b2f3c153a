import type { TickMessage } from '@ib-stream/model'
import { columnsOf, GROUP_ROWS, type SealedHead, SealedWriter } from '@ib-stream/storage'

/** Prices and sizes are DOUBLE, whatever the range: how many places a DECIMAL needs is known only at the end, and most programs make objects of them. */
const SCALES = { price: undefined, size: undefined }
/** Of zstd: somebody waits. */
const LEVEL = 3

/** A Parquet file of one contract and tick type, its columns as those of the archive. Memory: one row group. */
export async function* parquetFile(
  batches: AsyncIterable<readonly TickMessage[]>,
  { cid, tt }: Pick<SealedHead, 'cid' | 'tt'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const writer = new SealedWriter({ head: { cid, tt, seq: 0 }, scales: SCALES, level: LEVEL })
  yield writer.begin()
  let held: TickMessage[] = []
  for await (const batch of batches) {
    for (const tick of batch) held.push(tick)
    if (held.length < GROUP_ROWS) continue
    yield await writer.rowGroup(columnsOf(held))
    held = []
  }
  if (held.length > 0) yield await writer.rowGroup(columnsOf(held))
  yield writer.end().bytes
}
