import { compareTicks, partitionOf, TICK_TYPES, type TickType } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeTicksJson } from '../../src/codec/json.ts'
import type { OwnBackend } from '../../src/layout/backend.ts'
import type { TickRange } from '../../src/query/open-range.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { all, bytesOf, CID, ENCODE, fileOf, HOUR_US, open, put, putTicks, query, quotes, record, rows, second } from './range-on-disk.ts'

describe('openRange', () => {
  it('property: a part of a range is what a range of that part is, as ticks and as bytes; its fingerprint follows the content', async () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 3 * 3600 - 1 }), { minLength: 1, maxLength: 60 })
    const edge = fc.integer({ min: 0, max: 3 * 3600 })
    await fc.assert(
      fc.asyncProperty(seconds, edge, edge, fc.constantFrom<OwnBackend>('json', 'pb'), async (stamps, a, b, backend) => {
        await using at = await temporaryDataDir()
        const ticks = stamps.map((ts, n) => tickAt(n, { ts: second(ts), st: second(0) + n }))
        await putTicks(at.dataDir, ticks, backend)
        const within = { startUs: second(Math.min(a, b)), endUs: second(Math.max(a, b) + 1) }
        await using whole = await open(at.dataDir)
        await using part = await open(at.dataDir, within)
        expect(await all(whole, { within })).toEqual(await all(part))
        const bytes: Uint8Array[] = []
        for await (const chunk of whole.bytes({ format: backend, within })) bytes.push(chunk)
        expect(Buffer.concat(bytes)).toEqual(await bytesOf(part, backend))
        await using again = await open(at.dataDir)
        expect(again.fingerprint).toBe(whole.fingerprint)
        await putTicks(at.dataDir, [tickAt(99, { ts: second(5) })], backend)
        await using grown = await open(at.dataDir)
        expect(grown.fingerprint).not.toBe(whole.fingerprint)
      }),
      { numRuns: 30 },
    )
  })

  it('property: gives what a naive search over all ticks gives, from either backend', async () => {
    const tick = fc.record({
      ts: fc.integer({ min: 0, max: 3 * 3600 - 1 }),
      cid: fc.constantFrom(CID, 18314, 265598),
      tt: fc.constantFrom<TickType>(...TICK_TYPES),
    })
    const edge = fc.oneof(fc.integer({ min: 0, max: 3 * 3600 }), fc.constantFrom(0, 3600, 7200))
    await fc.assert(
      fc.asyncProperty(
        fc.array(tick, { maxLength: 60 }),
        edge,
        edge,
        fc.constantFrom<OwnBackend>('json', 'pb'),
        fc.integer({ min: 1, max: 9 }),
        async (abouts, a, b, backend, batchTicks) => {
          await using at = await temporaryDataDir()
          const ticks = abouts.map(({ ts, ...about }, n) => tickAt(n, { ...about, ts: second(ts), st: second(0) + n }))
          await putTicks(at.dataDir, ticks, backend)
          const [startUs, endUs] = [second(Math.min(a, b)), second(Math.max(a, b) + 1)]
          const wanted = { cids: [CID, 265598], tts: ['all_last', 'bid_ask', 'last'] as const, startUs, endUs }
          await using range = await open(at.dataDir, wanted)
          const found = await all(range, { batchTicks })
          const naive = ticks.filter(
            ({ ts, cid, tt }) => ts >= startUs && ts < endUs && wanted.cids.includes(cid) && wanted.tts.some((one) => one === tt),
          )
          expect(found).toEqual(naive.sort(compareTicks))
          expect(await all(range, { batchTicks, order: 'descending' })).toEqual(naive.toReversed())
          expect(await range.last(3)).toEqual(naive.slice(-3))
          expect(await range.last(3, { tts: ['last'] })).toEqual(naive.filter(({ tt }) => tt === 'last').slice(-3))
          expect(await range.first()).toEqual(naive[0])
          expect(await range.measure()).toEqual({
            ticks: naive.length,
            bytes: naive.reduce((sum, one) => sum + ENCODE[backend](one).length, 0),
          })
          expect(await rows(range, { batchTicks, limit: 7 })).toEqual(naive.slice(0, 7))
          for (const format of ['json', 'pb'] as const)
            expect(await bytesOf(range, format)).toEqual(Buffer.concat(naive.map((one) => ENCODE[format](one))))
          expect(range.damage).toEqual([])
        },
      ),
      { numRuns: 120 },
    )
  }, 60_000)

  it('streams long sorted files in order through chunks of any cut', async () => {
    await using at = await temporaryDataDir()
    for (const backend of ['json', 'pb'] as const) {
      const ticks = Array.from({ length: 9000 }, (_, n) =>
        tickAt(n, { ts: second(Math.floor(n / 3)), cid: CID, tt: n % 2 === 0 ? 'last' : 'bid_ask', st: second(0) + n }),
      )
      await putTicks(at.dataDir, ticks, backend)
      expect(await query(at.dataDir, { backends: [backend] })).toEqual(ticks.toSorted(compareTicks))
      const [startUs, endUs] = [second(1234), second(1300)]
      expect(await query(at.dataDir, { backends: [backend], startUs, endUs })).toEqual(
        ticks.filter(({ ts }) => ts >= startUs && ts < endUs).sort(compareTicks),
      )
    }
  })

  it('sorts a file with late ticks', async () => {
    await using at = await temporaryDataDir()
    const backfilled = tickAt(502, { ts: second(99), st: second(99) - 1 })
    const ticks = [...quotes(100), tickAt(500, { ts: second(3) }), tickAt(501, { ts: second(99) })]
    await putTicks(at.dataDir, ticks)
    expect(await query(at.dataDir)).toEqual(ticks.toSorted(compareTicks))
    expect(await query(at.dataDir, { startUs: second(3), endUs: second(4) })).toEqual([ticks[3], ticks[100]])
    await using other = await temporaryDataDir()
    await putTicks(other.dataDir, [...quotes(100), backfilled]) // the same second, received before
    expect(await query(other.dataDir)).toEqual([...quotes(99), backfilled, quotes(100)[99]])
  })

  it('sorts files that are larger than a window, in both directions, by parts of time and where one time is too large by receipt', async () => {
    await using at = await temporaryDataDir()
    const count = 140_000
    const ticks = Array.from({ length: count }, (_, n) => {
      const late = (n * 7919) % count
      return tickAt(n % 50, { ts: second(late % 3 === 0 ? 5 : late % 3600), st: second(0) + late })
    })
    await put(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'), encodeTicksJson(ticks))
    await using range = await open(at.dataDir)
    const wanted = ticks.toSorted(compareTicks)
    for (const order of ['ascending', 'descending'] as const) {
      let n = 0
      for await (const batch of range.batches({ order })) {
        for (const tick of batch) {
          const one = wanted[order === 'ascending' ? n : count - 1 - n]
          if (tick.ts !== one?.ts || tick.st !== one.st) throw new Error(`tick ${n} of ${order} is another`)
          n++
        }
      }
      expect(n).toBe(count)
    }
    expect(await range.measure()).toMatchObject({ ticks: count })
  }, 90_000)

  it('gives at most as many as asked for, in batches as asked for', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(50, 300)
    await putTicks(at.dataDir, ticks)
    await using range = await open(at.dataDir)
    for (const limit of [0, 1, 12, 13, 49, 1000]) expect(await all(range, { limit })).toEqual(ticks.slice(0, limit))
    const sizes: number[] = []
    for await (const batch of range.batches({ batchTicks: 5 })) sizes.push(batch.length)
    expect(Math.max(...sizes)).toBe(5)
    expect(await outcomeOf(all(range, { batchTicks: 0 }))).toBe('IBS_STORAGE_RANGE_INVALID')
  })

  it('reads files of older recordings: no request id, stamps within the hour, several a contract', async () => {
    await using at = await temporaryDataDir()
    const line = (n: number) => `{"ts":${second(n)},"st":${second(n) + 1},"cid":${CID},"tt":"last","rid":0,"p":23260.0,"s":1.0}\n`
    await put(at.dataDir, 'json/2025/07/30/14/8314_last_1753884713.jsonl', line(713) + line(800))
    await put(at.dataDir, 'json/2025/07/30/14/8314_last_1753884000.jsonl', line(5) + line(750))
    await put(at.dataDir, 'json/2025/07/30/14/18314_last_1753884000.jsonl', line(6))
    expect((await query(at.dataDir)).map(({ ts }) => ts)).toEqual([5, 713, 750, 800].map(second))
    expect((await query(at.dataDir, { startUs: second(720), endUs: second(760) })).map(({ ts }) => ts)).toEqual([second(750)])
  })

  it('refuses what is no range', async () => {
    await using at = await temporaryDataDir()
    for (const wrong of [
      { startUs: HOUR_US, endUs: HOUR_US },
      { startUs: 0.5 },
      { cids: [] },
      { cids: [0] },
      { tts: [] },
      { tts: ['bid' as TickType] },
      { backends: [] },
    ]) {
      expect(await outcomeOf(open(at.dataDir, wrong))).toBe('IBS_STORAGE_RANGE_INVALID')
    }
    expect(await query(at.dataDir)).toEqual([])
  })
})

describe('a range beside a writer', () => {
  it('counts a listed file to its committed length and says up to which sequence', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(10)
    await record(at.dataDir, ticks)
    await put(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'), 'half a line that is being writ')
    await using range = await open(at.dataDir)
    expect(await all(range)).toEqual(ticks)
    expect([...range.positions]).toEqual([[partitionOf(CID), 10]])
    expect(range.damage).toEqual([])
  })

  it('gives only what was received after a moment, and does not open files that hold none of that', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(3 * 60, 60).map((tick) => ({ ...tick, st: tick.ts + 1 })) // three hours
    const late = { ...tickAt(0, { ts: second(5) }), st: second(4 * 3_600) }
    await record(at.dataDir, [...ticks, late])
    await using range = await open(at.dataDir, { receivedAfterUs: ticks[150]?.st ?? 0 })
    expect(await all(range)).toEqual([late, ...ticks.slice(151)])
    expect(range.files).toBe(2)
    expect(await bytesOf(range, 'json')).toEqual(Buffer.concat([late, ...ticks.slice(151)].map(ENCODE.json)))
  })

  it('takes each hour from the backend that is furthest', async () => {
    await using at = await temporaryDataDir()
    await record(at.dataDir, quotes(10), 'json')
    await record(at.dataDir, quotes(12), 'pb')
    await using range = await open(at.dataDir)
    expect(await all(range)).toEqual(quotes(12))
    expect(range.positions.get(partitionOf(CID))).toBe(12)
    expect(await query(at.dataDir, { backends: ['json'] })).toEqual(quotes(10))
  })

  it('gives at every moment a prefix of the log that ends exactly at its position', async () => {
    await using at = await temporaryDataDir()
    await using store = await openPartitionStore({
      dataDir: at.dataDir,
      backend: 'json',
      partition: partitionOf(CID),
      source: { spoolId: 'spool', source: 'simulator' },
    })
    const ticks = Array.from({ length: 400 }, (_, n) =>
      tickAt(n, { ts: second(n % 9 === 4 ? 30 : n * 30), st: second(n * 30), tt: n % 2 === 0 ? 'last' : 'bid_ask' }),
    )
    let writing = true
    let answers = 0
    let answered = Promise.withResolvers<void>()
    const write = async () => {
      for (const [n, tick] of ticks.entries()) {
        store?.append(fileOf(tick, 'json'), ENCODE.json(tick))
        store?.advance(n + 1, tick.st)
        await (n % 50 === 0 ? store?.commitDurable() : store?.commitVisible())
        if (n % 10 === 0) await answered.promise // so that the reader gets a turn
      }
      writing = false
    }
    const written = write()
    while (writing) {
      const range = await open(at.dataDir).catch((error: unknown) => error)
      if (!isRange(range)) {
        expect(range).toMatchObject({ code: 'IBS_STORAGE_RANGE_UNSTABLE' }) // this writer never rests; a real one does between its commits
        continue
      }
      const seq = range.positions.get(partitionOf(CID)) ?? -1
      expect(await all(range)).toEqual(ticks.slice(0, seq).sort(compareTicks))
      answers++
      answered.resolve()
      answered = Promise.withResolvers<void>()
    }
    await written
    expect(answers).toBeGreaterThan(30)
    expect(await query(at.dataDir)).toEqual(ticks.toSorted(compareTicks))
  })
})

const isRange = (value: unknown): value is TickRange => typeof value === 'object' && value !== null && 'batches' in value
