import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, hourOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { encodeTickProto } from '../../src/codec/proto.ts'
import { SEALED_BACKEND } from '../../src/layout/backend.ts'
import { dayOf } from '../../src/layout/manifest-path.ts'
import { sealedHourPath } from '../../src/layout/sealed-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { LATE_EVERY_MS, Sealer } from '../../src/parquet/sealer.ts'
import { openRange } from '../../src/query/open-range.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, openStore, START_US, source, tickAt } from '../recorded-tree.ts'

it('merges late ticks into a sealed hour at most once an hour; answers have them meanwhile', async () => {
  await using at = await temporaryDataDir()
  const { dataDir } = at
  await using store = await openStore(dataDir, SEALED_BACKEND)
  let nowMs = Date.now()
  let sealings = 0
  const sealer = new Sealer({ dataDir, partition: 9, source, store, nowMs: () => nowMs, onSealed: () => (sealings += 1) })
  const log: TickMessage[] = []
  const take = async (tick: TickMessage) => {
    log.push(tick)
    store.append(segmentPath({ backend: SEALED_BACKEND, cid: CID, tt: tick.tt, hourUs: hourOf(tick.ts) }), encodeTickProto(tick))
    store.advance(log.length, tick.st)
    await store.commitDurable()
    await sealer.sealHours()
  }
  const read = async () => {
    const about = { dataDir, backends: [SEALED_BACKEND] as const, cids: [CID], tts: ['bid_ask'] as const }
    await using opened = await openRange({ ...about, startUs: START_US, endUs: START_US + 4 * US_PER_HOUR })
    const ticks: TickMessage[] = []
    for await (const batch of opened.batches()) ticks.push(...batch)
    return ticks
  }
  const quote = (ts: number, st = ts) => ({ ...tickAt(1, 2), ts, st })
  const late = (n: number) => quote(START_US + n, START_US + 2 * US_PER_HOUR + n)

  await take(quote(START_US))
  await take(quote(START_US + 2 * US_PER_HOUR)) // the log is past the first hour
  const path = join(dataDir, sealedHourPath({ cid: CID, tt: 'bid_ask', dayUs: dayOf(START_US) }, hourOf(START_US)))
  expect(sealings).toBe(1)
  nowMs = (await stat(path)).mtimeMs + LATE_EVERY_MS - 1
  for (const n of [1, 2, 3]) await take(late(n))
  expect(sealings).toBe(1)
  expect(await read()).toEqual(log.toSorted(compareTicks))
  nowMs += 1
  await take(late(4))
  expect(sealings).toBe(2)
  nowMs = (await stat(path)).mtimeMs
  await take(late(5))
  expect(sealings).toBe(2)
  expect(await read()).toEqual(log.toSorted(compareTicks))
  await utimes(path, new Date(nowMs), new Date(nowMs + 365 * 24 * LATE_EVERY_MS)) // sealed while the clock was a year ahead
  await take(late(6))
  expect(sealings).toBe(3)
  expect(await read()).toEqual(log.toSorted(compareTicks))
})
