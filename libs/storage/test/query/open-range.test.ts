import { appendFile, mkdir, readdir, readlink, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  compareTicks,
  hourOf,
  partitionOf,
  TICK_TYPES,
  type TickMessage,
  type TickType,
  US_PER_HOUR,
  US_PER_SECOND,
} from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeTickJson, encodeTicksJson } from '../../src/codec/json.ts'
import { encodeTickProto } from '../../src/codec/proto.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { dayOf, manifestPath } from '../../src/layout/manifest-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { encodeManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { readManifests } from '../../src/manifest/read-manifest.ts'
import { type BatchOptions, openRange, type TickRange } from '../../src/query/open-range.ts'
import type { RangeOptions } from '../../src/query/plan-range.ts'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { fileAt, openStore, tickAt as recordedTickAt, recordTree, START_US, takeTick } from '../recorded-tree.ts'

const CID = 8314
const HOUR_US = hourOf(1753884000_000000)
const ENCODE: Record<OwnBackend, (tick: TickMessage) => Uint8Array> = {
  json: (tick) => Buffer.from(`${encodeTickJson(tick)}\n`),
  pb: encodeTickProto,
}
const fileOf = (tick: TickMessage, backend: OwnBackend) => segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) })

/** Files as imports and older recordings leave them: no checkpoint. */
async function put(dataDir: string, path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true })
  await appendFile(join(dataDir, path), bytes)
}

async function putTicks(dataDir: string, ticks: readonly TickMessage[], backend: OwnBackend = 'json'): Promise<void> {
  for (const [path, some] of Map.groupBy(ticks, (tick) => fileOf(tick, backend)))
    await put(dataDir, path, Buffer.concat(some.map((tick) => ENCODE[backend](tick))))
}

/** Records ticks of one contract through its store, one a message. */
async function record(dataDir: string, ticks: readonly TickMessage[], backend: OwnBackend = 'json'): Promise<void> {
  await using store = await openPartitionStore({
    dataDir,
    backend,
    partition: partitionOf(CID),
    source: { spoolId: 'spool', source: 'simulator' },
  })
  for (const tick of ticks) {
    store?.append(fileOf(tick, backend), ENCODE[backend](tick))
    store?.advance(store.seq + 1, tick.st)
  }
  await store?.commitVisible()
}

const open = (dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickRange> =>
  openRange({ dataDir, cids: [CID], tts: TICK_TYPES, startUs: HOUR_US, endUs: HOUR_US + 24 * US_PER_HOUR, ...other })

async function all(range: TickRange, options?: BatchOptions): Promise<TickMessage[]> {
  const ticks: TickMessage[] = []
  for await (const batch of range.batches(options)) ticks.push(...batch)
  return ticks
}

async function rows(range: TickRange, options?: BatchOptions): Promise<TickMessage[]> {
  const batches = await Array.fromAsync(range.columns(options)) // read at the end only: they belong to the caller
  return batches.flatMap((columns) => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row)))
}

async function bytesOf(range: TickRange, format: OwnBackend): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of range.bytes({ format, chunkBytes: 500 })) kept.push(chunk)
  const lent: Uint8Array[] = []
  for await (const chunk of range.bytes({ format, chunkBytes: 500, chunks: 'lent' })) lent.push(Uint8Array.from(chunk))
  expect(Buffer.concat(lent)).toEqual(Buffer.concat(kept))
  return Buffer.concat(kept)
}

async function query(dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickMessage[]> {
  await using range = await open(dataDir, other)
  return await all(range) // before the range closes
}

const second = (n: number) => HOUR_US + n * US_PER_SECOND
const quotes = (count: number, everySeconds = 1): TickMessage[] =>
  Array.from({ length: count }, (_, n) => tickAt(n, { ts: second(n * everySeconds) }))

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

describe('damage', () => {
  it('inside committed bytes is an error that says where', async () => {
    await using at = await temporaryDataDir()
    for (const backend of ['json', 'pb'] as const) {
      const ticks = quotes(5)
      await record(at.dataDir, ticks, backend)
      const path = fileOf(tickAt(0, { ts: HOUR_US }), backend)
      const records = ticks.map((tick) => ENCODE[backend](tick))
      const offset = (records[0]?.length ?? 0) + (records[1]?.length ?? 0)
      const damaged = Buffer.concat(records)
      damaged.fill(0, offset + 3, offset + 20)
      await writeFile(join(at.dataDir, path), damaged)
      await using range = await open(at.dataDir, { backends: [backend] })
      await expect(all(range)).rejects.toMatchObject({ code: 'IBS_STORAGE_RECORD_TORN', facts: { path, offset } })
    }
  })

  it('at the end of a file without a checkpoint is left out and told, for a cut at any byte of the last record', async () => {
    for (const backend of ['json', 'pb'] as const) {
      await using at = await temporaryDataDir()
      const ticks = quotes(3)
      const path = fileOf(tickAt(0, { ts: HOUR_US }), backend)
      const records = ticks.map((tick) => ENCODE[backend](tick))
      const whole = Buffer.concat(records.slice(0, 2))
      const last = records[2] ?? new Uint8Array(0)
      await put(at.dataDir, path, '')
      for (let cut = 1; cut < last.length; cut++) {
        await writeFile(join(at.dataDir, path), Buffer.concat([whole, last.subarray(0, cut)]))
        await using range = await open(at.dataDir)
        expect(await all(range)).toEqual(ticks.slice(0, 2))
        expect(range.damage).toEqual([{ path, offsetBytes: whole.length, records: 1, bytes: cut, reason: 'the file ends inside a record' }])
      }
    }
  })

  it('in the middle of a file without a checkpoint is left out and told', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(3)
    const [first, , third] = ticks.map((tick) => encodeTickJson(tick))
    const path = fileOf(tickAt(0, { ts: HOUR_US }), 'json')
    const foreign = encodeTickJson(tickAt(1, { ts: second(1), cid: 7 }))
    await put(at.dataDir, path, Buffer.from(`${first}\nnonsense\n\xff\n${foreign}\n${third}\n`, 'latin1'))
    await using range = await open(at.dataDir)
    expect(await all(range)).toEqual([ticks[0], ticks[2]])
    expect(range.damage).toMatchObject([{ path, offsetBytes: (first?.length ?? 0) + 1, records: 3 }])
  })

  it('of a committed file that is too short is found before reading', async () => {
    await using at = await temporaryDataDir()
    await record(at.dataDir, quotes(5))
    const path = join(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'))
    await writeFile(path, 'short')
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    await rm(path)
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
  })
})

describe('a closed file that its manifest knows', () => {
  const PER_HOUR = 40
  const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR }
  const ofHourOne = (ticks: readonly TickMessage[]) =>
    ticks.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs).sort(compareTicks)
  const losses: Record<string, (path: string) => Promise<void>> = {
    missing: (path) => rm(path),
    shorter: async (path) => truncate(path, (await stat(path)).size - 1),
    empty: (path) => truncate(path, 0),
  }

  it.each(Object.entries(losses))('regression: %s in one backend, an answer was short; now it is the other backend’s', async (_, lose) => {
    for (const backend of ['json', 'pb'] as const) {
      await using at = await temporaryDataDir()
      const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR })
      await lose(join(at.dataDir, fileAt(backend, 1)))
      await using range = await open(at.dataDir, hourOne)
      expect(await all(range)).toEqual(ofHourOne(ticks))
      expect(range.damage).toEqual([])
      const alone = { ...hourOne, backends: [backend] }
      await expect(open(at.dataDir, alone)).rejects.toMatchObject({
        code: 'IBS_STORAGE_MANIFEST_AHEAD',
        message: expect.stringContaining('ib-stream repair'),
        facts: { path: fileAt(backend, 1), count: ofHourOne(ticks).filter(({ tt }) => tt === 'bid_ask').length },
      })
      expect(await query(at.dataDir, { ...alone, tts: ['last'] })).toEqual(ofHourOne(ticks).filter(({ tt }) => tt === 'last'))
    }
  })

  it.each(Object.entries(losses))('regression: %s in both backends, an answer was short; now it is an error', async (_, lose) => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR })
    for (const backend of ['json', 'pb'] as const) await lose(join(at.dataDir, fileAt(backend, 1)))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
    const hourTwo = { startUs: hourOne.endUs, endUs: hourOne.endUs + US_PER_HOUR }
    const inHourTwo = ticks.filter(({ ts }) => ts >= hourTwo.startUs && ts < hourTwo.endUs)
    expect(await query(at.dataDir, hourTwo)).toEqual(inHourTwo.sort(compareTicks))
  })

  it('is not replaced by another backend that holds fewer ticks of the hour', async () => {
    await using at = await temporaryDataDir()
    await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR, backends: ['json'] })
    await using store = await openStore(at.dataDir, 'pb')
    for (let n = 0; n < 1.5 * PER_HOUR; n++) takeTick(store, 'pb', n + 1, recordedTickAt(n, PER_HOUR))
    await store.commitDurable()
    await rm(join(at.dataDir, fileAt('json', 1)))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
  })

  it('may be gone where retention noted that it removed it', async () => {
    await using at = await temporaryDataDir()
    const ticks = await recordTree(at.dataDir, { ticks: 10 * PER_HOUR, perHour: PER_HOUR, backends: ['json'] })
    const path = fileAt('json', 1)
    const manifest = { dataDir: at.dataDir, backend: 'json', partition: partitionOf(CID), ...hourOne } as const
    const entry = (await readManifests(manifest, {})).entries.get(path)
    if (entry === undefined) throw new Error(`no manifest knows ${path}`)
    // A manifest that the checkpoint lists counts to its committed length, so the note would count only once it is committed.
    const { visible, durable } = statePaths('json', partitionOf(CID))
    for (const checkpoint of [visible, durable]) await rm(join(at.dataDir, checkpoint), { force: true })
    await rm(join(at.dataDir, path))
    expect(await outcomeOf(open(at.dataDir, hourOne))).toBe('IBS_STORAGE_MANIFEST_AHEAD')
    const day = manifestPath({ ...manifest, dayUs: dayOf(hourOne.startUs) })
    await appendFile(join(at.dataDir, day), encodeManifestEntry({ ...entry, removedUs: hourOne.endUs }))
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne(ticks).filter(({ tt }) => tt === 'last'))
  })
})

describe('ending early', () => {
  const openFiles = async (dataDir: string): Promise<number> => {
    const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return links.filter((link) => link.startsWith(dataDir)).length
  }

  it('throws the reason of the signal and leaves no file open', async () => {
    await using at = await temporaryDataDir()
    await putTicks(at.dataDir, [...quotes(3000), ...quotes(3000).map((tick) => ({ ...tick, tt: 'bid_ask', cid: 265598 }) as TickMessage)])
    await using range = await open(at.dataDir, { cids: [CID, 265598] })
    const abort = new AbortController()
    const reason = new Error('the user left')
    const reading = async () => {
      for await (const batch of range.batches({ batchTicks: 100, signal: abort.signal })) if (batch.length > 0) abort.abort(reason)
    }
    await expect(reading()).rejects.toBe(reason)
    expect(await openFiles(at.dataDir)).toBe(0)
    await expect(all(range, { signal: abort.signal })).rejects.toBe(reason)
  })

  it('leaves no file open when the reader goes away, and none of other hours while it stays', async () => {
    await using at = await temporaryDataDir()
    await putTicks(at.dataDir, quotes(100, 300))
    await using range = await open(at.dataDir)
    for await (const batch of range.batches({ batchTicks: 1 })) {
      expect(await openFiles(at.dataDir)).toBeLessThanOrEqual(1)
      if (batch[0] && batch[0].ts > second(7200)) break
    }
    expect(await openFiles(at.dataDir)).toBe(0)
  })

  it('says so when the range was closed, or a file removed or replaced since it was opened', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(10)
    await putTicks(at.dataDir, ticks)
    const path = join(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'))
    const range = await open(at.dataDir)
    await rename(path, `${path}.old`)
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await writeFile(path, 'another')
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await range.close()
    await range.close()
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_CLOSED')
  })
})
