import { type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import type { TickRange } from '../../src/query/open-range.ts'
import { retain } from '../../src/retention/retain.ts'
import { outcomeOf } from '../data-dir.ts'
import { all, open, PER_HOUR, query, recordedOnce, sorted, TICKS } from '../recorded-once.ts'
import { CID, fileAt, openStore, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { filesOf, jsonForADay } from '../retention-tree.ts'

const recording = recordedOnce()

describe('a late tick of an hour that retention has taken', () => {
  const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR }
  const ofHourOne = (some: readonly TickMessage[]) => sorted(some.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs))
  const lateTick = (n: number): TickMessage => {
    const st = tickAt(TICKS, PER_HOUR).st + n
    return { ...tickAt(TICKS, PER_HOUR), tt: 'bid_ask', ts: START_US + US_PER_HOUR + n, st, bp: n, bs: 1, ap: 2, as: 2 } as TickMessage
  }

  /** Late ticks up to a number for each backend, closed or not. */
  async function take(dataDir: string, backend: Backend, upTo: number, close: boolean): Promise<void> {
    await using store = await openStore(dataDir, backend)
    for (let n = store.seq - TICKS + 1; n <= upTo; n++) takeTick(store, backend, TICKS + n, lateTick(n))
    await store.commitVisible()
    if (close) {
      await store.commitDurable()
      store.advance(store.seq, 0)
      await store.commitDurable()
    }
  }

  it.each([
    ['neither is further', 3, 3, false],
    ['the longer-kept one is further', 1, 3, false],
    ['the shorter-kept one is further', 3, 1, false],
    ['the shorter-kept one is further and has closed the hour again', 3, 0, true],
    ['the longer-kept one got none', 3, 0, false],
  ])('regression: is in the answer with all that was there before, once, where %s', async (_, inJson, inPb, close) => {
    await using at = await recording.copied()
    await retain(jsonForADay(at.dataDir))
    await take(at.dataDir, 'json', inJson, close)
    await take(at.dataDir, 'pb', inPb, close)
    const late = Array.from({ length: Math.max(inJson, inPb) }, (_, n) => lateTick(n + 1))
    const wanted = ofHourOne([...recording.ticks, ...late])
    await using range = await open(at.dataDir, hourOne)
    expect(await all(range)).toEqual(wanted)
    expect(range.removed).toEqual([])
    expect((await range.measure()).ticks).toBe(wanted.length)
    expect(range.positions.get(9)).toBe(TICKS + Math.max(inJson, inPb))
    const chunks: Uint8Array[] = []
    for await (const chunk of range.bytes({ format: 'pb' })) chunks.push(chunk)
    await using other = await open(at.dataDir, { ...hourOne, backends: ['json'] })
    expect((await all(other)).length + other.removed.reduce((sum, hour) => sum + hour.ticks, 0)).toBe(
      ofHourOne(recording.ticks).length + inJson,
    )
    expect(await at.damage()).toEqual([])
  })

  it.each([
    ['was in the longer-kept backend already, which is not as far', 3],
    ['came to the longer-kept backend meanwhile, which is still not as far', 0],
  ])('regression: whose own file goes too after a range was opened, where it %s', async (_, inPb) => {
    await using at = await recording.copied()
    await retain(jsonForADay(at.dataDir))
    await take(at.dataDir, 'json', 3, true)
    await take(at.dataDir, 'pb', inPb, true)
    await using store = await openStore(at.dataDir, 'json')
    store.advance(TICKS + 9, lateTick(9).st)
    await store.commitDurable()
    await store.close()
    await using range = await open(at.dataDir, hourOne)
    await take(at.dataDir, 'pb', 3, true)
    expect(await retain(jsonForADay(at.dataDir))).toMatchObject({ removed: { files: 1 } })
    expect(await all(range)).toEqual(ofHourOne([...recording.ticks, lateTick(1), lateTick(2), lateTick(3)]))
  })

  it('goes as well, when both have it and the hour is closed again', async () => {
    await using at = await recording.copied()
    await retain(jsonForADay(at.dataDir))
    for (const backend of ['json', 'pb'] as const) await take(at.dataDir, backend, 2, true)
    expect(await filesOf(at.dataDir, 'json')).toContain(fileAt('json', 1))
    expect(await retain(jsonForADay(at.dataDir))).toMatchObject({ removed: { files: 1, ticks: 2 } })
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne([...recording.ticks, lateTick(1), lateTick(2)]))
    await take(at.dataDir, 'json', 3, true)
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne([...recording.ticks, lateTick(1), lateTick(2), lateTick(3)]))
  })
})

describe('a range that was opened before', () => {
  it('goes on to the end, from where the same ticks are, as objects, columns, bytes and counts', async () => {
    for (const order of ['ascending', 'descending'] as const) {
      await using at = await recording.copied()
      await using range = await open(at.dataDir)
      expect(range.positions.get(9)).toBe(TICKS)
      const found: TickMessage[] = []
      for await (const batch of range.batches({ batchTicks: 7, order })) {
        if (found.length === 0) await retain(jsonForADay(at.dataDir))
        found.push(...batch)
      }
      expect(found).toEqual(order === 'ascending' ? sorted(recording.ticks) : sorted(recording.ticks).reverse())
      expect((await range.measure()).ticks).toBe(TICKS)
    }
    await using at = await recording.copied()
    await using range = await open(at.dataDir)
    const whole = await bytesOf(range)
    await using second = await open(at.dataDir)
    await retain(jsonForADay(at.dataDir))
    expect(await bytesOf(second)).toEqual(whole)
  })

  it('regression: does not give what came after it was opened, though the file that replaces the one that went has it', async () => {
    await using at = await recording.copied()
    await using range = await open(at.dataDir)
    await retain(jsonForADay(at.dataDir))
    await using store = await openStore(at.dataDir, 'pb')
    const late = { ...tickAt(TICKS, PER_HOUR), tt: 'last', ts: START_US + US_PER_HOUR + 7, p: 1, s: 1 } as TickMessage
    takeTick(store, 'pb', TICKS + 1, late)
    await store.commitDurable()
    expect(await all(range)).toEqual(sorted(recording.ticks))
    expect((await range.measure()).ticks).toBe(TICKS)
  })

  it('regression: reads no file that was begun anew at the same place on the disk, and remembers nothing of the old one', async () => {
    await using at = await recording.copied()
    const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR - 1 } // not whole, so that files are surveyed
    const wanted = sorted(recording.ticks.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs))
    await using range = await open(at.dataDir, hourOne)
    await using alone = await open(at.dataDir, { ...hourOne, backends: ['json'] })
    expect(await range.measure()).toMatchObject({ ticks: wanted.length })
    await retain(jsonForADay(at.dataDir))
    await using store = await openStore(at.dataDir, 'json')
    for (let n = 1; n <= 2 * PER_HOUR; n++) {
      const st = tickAt(TICKS, PER_HOUR).st + n
      takeTick(store, 'json', TICKS + n, { ts: hourOne.startUs + n, st, cid: CID, tt: 'bid_ask', rid: 1, bp: n, bs: 1, ap: 2, as: 2 })
    }
    await store.commitDurable() // longer than the old file, and where the kernel wills with its number
    expect(await all(range)).toEqual(wanted)
    expect(await outcomeOf(all(alone))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await using now = await open(at.dataDir, { ...hourOne, backends: ['json'], tts: ['bid_ask'] })
    expect((await now.measure()).ticks).toBe(2 * PER_HOUR)
    expect(await all(now)).toHaveLength(2 * PER_HOUR)
  })

  it('says so where nobody holds these ticks any more', async () => {
    await using at = await recording.copied()
    await using range = await open(at.dataDir, { backends: ['json'] })
    await retain(jsonForADay(at.dataDir))
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
  })
})

async function bytesOf(range: TickRange): Promise<string> {
  let text = ''
  for await (const chunk of range.bytes({ format: 'json' })) text += Buffer.from(chunk).toString()
  return text
}
