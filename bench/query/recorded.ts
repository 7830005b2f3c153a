import { createHash } from 'node:crypto'
import { hourOf, partitionOf, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { type OwnBackend, openPartitionStore, segmentPath } from '@ib-stream/storage'
import { MARKET_CIDS, modelTicks } from '../storage/days.ts'
import { encode } from '../storage/trees.ts'

/** The contract of all recorded ticks: a busy future. */
export const [CID = 0] = MARKET_CIDS
const DAY_START_US = Date.UTC(2025, 6, 30) * 1_000
export const HOUR_START_US = DAY_START_US + 14 * US_PER_HOUR
/** Leaves the end of a span free, which random gaps may need. */
const SPAN_FILLED = 0.97
const AT_ONCE = 20_000

/** So many ticks over one hour, three quotes to a trade. */
export const hourOfTicks = (count: number): Iterable<TickMessage> =>
  modelTicks(count, { startUs: HOUR_START_US, mostGapUs: Math.floor((2 * SPAN_FILLED * US_PER_HOUR) / count) })

/** The same over a day. */
export const dayOfTicks = (count: number): Iterable<TickMessage> =>
  modelTicks(count, { startUs: DAY_START_US, mostGapUs: Math.floor((2 * SPAN_FILLED * US_PER_DAY) / count) })

export const DAY = { startUs: DAY_START_US, endUs: DAY_START_US + US_PER_DAY }
export const HOUR = { startUs: HOUR_START_US, endUs: HOUR_START_US + US_PER_HOUR }

/**
 * Writes ticks as a writer does, through the store of their partition, and lets their hours close: the log has gone on for a day since.
 * @returns SHA-1 of their records in order
 */
export async function record(dataDir: string, backend: OwnBackend, ticks: Iterable<TickMessage>): Promise<string> {
  const source = { spoolId: 'bench', source: 'simulator' } as const
  await using store = await openPartitionStore({ dataDir, backend, partition: partitionOf(CID), source })
  if (store === undefined) throw new Error(`${dataDir} is somebody else's`)
  const hash = createHash('sha1')
  let seq = 0
  const append = async (piece: readonly TickMessage[]) => {
    hash.update(encode(backend, piece))
    const byPath = Map.groupBy(piece, ({ cid, tt, ts }) => segmentPath({ backend, cid, tt, hourUs: hourOf(ts) }))
    for (const [path, some] of byPath) store.append(path, encode(backend, some))
    store.advance(++seq, piece.at(-1)?.st ?? 0)
    await store.commitVisible()
  }
  let piece: TickMessage[] = []
  for (const tick of ticks) {
    piece.push(tick)
    if (piece.length < AT_ONCE) continue
    await append(piece)
    piece = []
  }
  if (piece.length > 0) await append(piece)
  store.advance(++seq, DAY.endUs + US_PER_DAY)
  await store.commitDurable()
  return hash.digest('hex')
}
