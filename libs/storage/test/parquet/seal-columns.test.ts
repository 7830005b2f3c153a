import { isDeepStrictEqual } from 'node:util'
import { hourOf, parseTick, TICK_TYPES, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeSealed, LEVEL } from '../../src/parquet/seal-columns.ts'
import { checkSealed } from '../../src/parquet/sealed-file.ts'
import { decodeSealed, sealedRows } from '../../src/parquet/sealed-rows.ts'
import { GROUP_ROWS } from '../../src/parquet/sealed-writer.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { dayOfTicks } from '../day-of-ticks.ts'
import { arbitraryTicks, CID, inMemory, inQueryOrder } from './sealed-ticks.ts'

const HOUR_US = 1_753_884_000_000_000
const DAY = dayOfTicks()

describe('a sealed file', () => {
  it('property: gives back every field of every tick of all four types, in query order', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTicks, async (ticks) => {
        const { bytes } = await encodeSealed(ticks, { cid: CID, tt: ticks[0]?.tt ?? 'last', seq: 7 }, 1)
        expect(await decodeSealed(bytes)).toEqual(inQueryOrder(ticks))
      }),
      { numRuns: 300 },
    )
  })

  it('gives back numbers at the edges of what a DECIMAL or a delta holds', async () => {
    for (const bp of [0.1 + 0.2, 2 ** 53, -(2 ** 60), 5e-324, 1.7976931348623157e308, 90_071_992_547_409.91, 0.000_000_01, -1, 0]) {
      const ticks = [0, 1, 2].map((n) => ({ ...tickAt(n, { ts: HOUR_US, cid: CID }), ...(n === 1 ? { bp } : {}) }))
      const { bytes } = await encodeSealed(ticks, { cid: CID, tt: 'bid_ask', seq: 0 }, 1)
      expect(await decodeSealed(bytes)).toEqual(ticks)
    }
  })

  it('regression: −0 came back as 0 where few prices repeat', async () => {
    const ticks = Array.from({ length: 12 }, (_, n) => ({
      ...tickAt(n, { ts: HOUR_US, cid: CID }),
      bp: n % 3 === 0 ? -0 : n % 3 === 1 ? 0 : 1.5,
    }))
    const { bytes } = await encodeSealed(ticks, { cid: CID, tt: 'bid_ask', seq: 0 }, 1)
    expect(await decodeSealed(bytes)).toEqual(ticks) // toEqual tells them apart
  })

  it('keeps a real day exactly, and says what is in it', async () => {
    for (const tt of TICK_TYPES) {
      const ticks = DAY.filter((tick) => tick.tt === tt)
      const [first] = ticks
      if (first === undefined) continue
      const { bytes, facts } = await encodeSealed(ticks, { cid: first.cid, tt, spoolId: 'a', source: 'simulator', seq: 99 }, LEVEL.hour)
      expect(isDeepStrictEqual(await decodeSealed(bytes), inQueryOrder(ticks))).toBe(true) // toEqual takes seconds for so many
      const { facts: read } = await checkSealed(inMemory(bytes))
      expect(read).toEqual(facts)
      expect(read).toMatchObject({ cid: first.cid, tt, spoolId: 'a', source: 'simulator', seq: 99, count: ticks.length })
      const hours = Map.groupBy(ticks, (tick) => hourOf(tick.ts))
      expect(read.hours.map(({ hourUs, count }) => [hourUs, count])).toEqual([...hours].map(([hourUs, of]) => [hourUs, of.length]))
      for (const { hourUs, firstTs, lastTs, lastSt } of read.hours) {
        const of = hours.get(hourUs) ?? []
        expect([firstTs, lastTs]).toEqual([Math.min(...of.map((tick) => tick.ts)), Math.max(...of.map((tick) => tick.ts))])
        expect(lastSt).toBe(Math.max(...of.map((tick) => tick.st)))
      }
    }
  })

  it('takes no more bytes a tick than the archive was designed for: 5.5 in hours, 4.0 in days', async () => {
    const day = DAY.filter(({ tt }) => tt !== 'mid_point')
    for (const [tt, ticks] of Map.groupBy(day, (tick) => tick.tt)) {
      const head = { cid: ticks[0]?.cid ?? 0, tt, seq: 0 }
      const whole = await encodeSealed(ticks, head, LEVEL.day)
      expect(whole.bytes.length / ticks.length).toBeLessThan(4)
      let hourBytes = 0
      for (const hour of Map.groupBy(ticks, (tick) => hourOf(tick.ts)).values())
        hourBytes += (await encodeSealed(hour, head, LEVEL.hour)).bytes.length
      expect(hourBytes / ticks.length).toBeLessThan(5.5)
    }
  })

  it('is read in the row groups of the range only, from both ends, and by receive time', async () => {
    const ticks = Array.from({ length: 3 * GROUP_ROWS }, (_, n) =>
      tickAt(n % 500, { ts: HOUR_US + n * 30_000, st: HOUR_US + n * 30_000 + 7, cid: CID }),
    )
    const { bytes } = await encodeSealed(ticks.map(parseTick), { cid: CID, tt: 'bid_ask', seq: 0 }, 1)
    const file = inMemory(bytes)
    const footer = await checkSealed(file)
    expect(footer.groups.map(({ rows }) => rows)).toEqual([GROUP_ROWS, GROUP_ROWS, GROUP_ROWS])
    file.readBytes = 0
    const fromTs = HOUR_US + (GROUP_ROWS + 1_000) * 30_000
    const filter = { fromTs, toTs: fromTs + 60_000_000, fromSt: 0, toSt: Number.MAX_SAFE_INTEGER }
    const stampsOf = async (options: Partial<Parameters<typeof sealedRows>[2]>) => {
      const stamps: number[] = []
      const all = { filter, order: 'ascending', rows: 700, life: 'kept', ...options } as const
      for await (const { ts, length } of sealedRows(file, footer, all))
        stamps.push(...(all.order === 'ascending' ? ts.slice(0, length) : ts.slice(0, length).reverse()))
      return stamps
    }
    const wanted = ticks.map(({ ts }) => ts).filter((ts) => ts >= filter.fromTs && ts < filter.toTs)
    expect(await stampsOf({})).toEqual(wanted)
    expect(file.readBytes).toBeLessThan(bytes.length / 2)
    expect(await stampsOf({ order: 'descending' })).toEqual(wanted.toReversed())
    const late = { ...filter, fromTs: 0, toTs: HOUR_US + 24 * US_PER_HOUR, fromSt: filter.fromTs + 8, toSt: filter.fromTs + 90_008 }
    expect(await stampsOf({ filter: late })).toEqual(wanted.slice(1, 4))
  })

  it('property: shows any changed bit, wherever it is', async () => {
    const ticks = Array.from({ length: 300 }, (_, n) => tickAt(n, { ts: HOUR_US + n, cid: CID }))
    const { bytes } = await encodeSealed(ticks, { cid: CID, tt: 'bid_ask', seq: 0 }, 1)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Uint8Array.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        await expect(checkSealed(inMemory(changed))).rejects.toMatchObject({ code: 'IBS_STORAGE_SEALED_DAMAGED' })
      }),
      { numRuns: 500 },
    )
  })

  it('property: a file that ends early is damaged, wherever it ends', async () => {
    const { bytes } = await encodeSealed([tickAt(1, { ts: HOUR_US, cid: CID })], { cid: CID, tt: 'bid_ask', seq: 0 }, 1)
    for (let length = 0; length < bytes.length; length++)
      await expect(decodeSealed(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'IBS_STORAGE_SEALED_DAMAGED' })
  })
})
