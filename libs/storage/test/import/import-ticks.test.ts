import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compareTicks, hourOf, partitionOf, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import {
  BACKENDS,
  encodeTickJson,
  encodeTickProto,
  extensionOf,
  type ImportFault,
  type ImportOptions,
  importTicks,
  openPartitionStore,
  openRange,
  readManifests,
  segmentPath,
} from '../../src/index.ts'
import { crc32c } from '../../src/manifest/crc32c.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import {
  hourFolder,
  olderV3Line,
  olderV3Message,
  printedV2Line,
  v2Message,
  v3Message,
  writeSource,
  writtenV2Line,
} from './old-recordings.ts'

const HOUR = Date.UTC(2025, 6, 30, 14) * 1_000
const CID = 711280073

/** Ticks of one type: whole-second `ts`, `st` a little later, odd prices, some flags. */
function ticksOf(tt: TickMessage['tt'], count: number, from = HOUR): TickMessage[] {
  return Array.from({ length: count }, (_, n) => {
    const ts = from + Math.floor(n / 3) * US_PER_SECOND
    const core = { ts, st: ts + 101_003 + (n % 3) * 250_000, cid: CID, rid: 12345 }
    if (tt === 'bid_ask')
      return { ...core, tt, bp: 23477.25 + n, bs: 6, ap: 23478 + n, as: 0, ...(n % 5 === 0 ? { bpl: true as const } : {}) }
    if (tt === 'mid_point') return { ...core, tt, mp: 23477.625 + n }
    return {
      ...core,
      tt,
      p: 23477.5 + n,
      s: n % 4,
      ...(n % 2 ? { ex: 'CME', sc: 'TI' } : {}),
      ...(n % 7 === 0 ? { pl: true as const } : {}),
    }
  })
}

async function readAll(
  dataDir: string,
  backend: 'json' | 'pb',
  tts: readonly TickMessage['tt'][] = ['bid_ask', 'last', 'all_last', 'mid_point'],
) {
  await using range = await openRange({ dataDir, backends: [backend], cids: [CID], tts, startUs: 0, endUs: HOUR + 48 * US_PER_HOUR })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  expect(range.damage).toEqual([])
  return ticks
}

async function run(options: ImportOptions) {
  const faults: ImportFault[] = []
  const report = await importTicks({ ...options, onFault: (fault) => faults.push(fault) })
  return { report, faults }
}

const kinds = ['bid_ask', 'last', 'all_last', 'mid_point'] as const
const all = kinds.flatMap((tt) => ticksOf(tt, 30)).sort(compareTicks)
const withoutTexts = (tick: TickMessage): TickMessage => {
  const { ex, sc, pl, ...rest } = tick as TickMessage & { ex?: string; sc?: string; pl?: true }
  return rest as TickMessage
}
const toSecond = (tick: TickMessage): TickMessage => ({ ...tick, ts: Math.floor(tick.st / US_PER_SECOND) * US_PER_SECOND })
const toMs = (tick: TickMessage): TickMessage => ({ ...tick, st: Math.floor(tick.st / 1_000) * 1_000 })

describe('every old form', () => {
  const forms: {
    name: string
    file: string
    record(tick: TickMessage): string | Uint8Array
    read(tick: TickMessage): TickMessage
    pack?: true
  }[] = [
    { name: 'own v3 lines', file: 'a.jsonl', record: (tick) => `${encodeTickJson(tick)}\n`, read: (tick) => tick },
    { name: 'own v3 lines, packed', file: 'a.jsonl.gz', record: (tick) => `${encodeTickJson(tick)}\n`, read: (tick) => tick, pack: true },
    { name: 'own v3 messages', file: 'a.pb', record: v3Message, read: (tick) => tick },
    { name: 'older v3 lines', file: 'a.jsonl', record: olderV3Line, read: withoutTexts },
    { name: 'older v3 messages', file: 'a.pb', record: olderV3Message, read: (tick) => tick },
    { name: 'v2 lines as printed', file: 'a.jsonl', record: (tick) => printedV2Line(tick), read: toMs },
    { name: 'v2 lines as written', file: 'a.jsonl', record: (tick) => writtenV2Line(tick), read: (tick) => tick },
    { name: 'v2 messages', file: 'a.pb', record: (tick) => v2Message(tick, { live: false }), read: toSecond },
    { name: 'v2 messages of a live recording', file: 'a.pb', record: (tick) => v2Message(tick), read: toSecond },
  ]

  it.each(forms)('$name come out in both backends, tick for tick', async ({ file, record, read, pack }) => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const parts = all.map(record)
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
    const source = await writeSource(join(dir.dataDir, 'old', file), [pack ? gzipSync(content) : content])
    const { report, faults } = await run({ sources: [source], to })
    expect(faults).toEqual([])
    expect(report).toMatchObject({ ticks: all.length, added: all.length, faults: 0, files: 1 })
    const wanted = all.map(read).sort(compareTicks)
    expect(await readAll(to, 'json')).toEqual(wanted)
    expect(await readAll(to, 'pb')).toEqual(wanted)
  })
})

describe('a whole tree of an older recorder', () => {
  /** As it lay on disk: both generations, both formats, hour folders by receive time, one file for each stream. */
  async function writeTree(root: string, ticks: readonly TickMessage[]): Promise<void> {
    const byFile = new Map<string, (string | Uint8Array)[]>()
    const add = (path: string, part: string | Uint8Array) => byFile.set(path, [...(byFile.get(path) ?? []), part])
    for (const tick of ticks) {
      const name = `${tick.cid}_${tick.tt}`
      const hour = hourOf(tick.ts) / US_PER_SECOND
      add(join(hourFolder(join(root, 'v3/json'), tick.ts), `${name}_${hour}.jsonl`), olderV3Line(tick))
      add(join(hourFolder(join(root, 'v3/protobuf'), tick.ts), `${name}_${hour}.pb`), olderV3Message(withoutTexts(tick)))
      add(join(hourFolder(join(root, 'v2/json'), tick.st), `bg_${name}.jsonl`), writtenV2Line(tick))
      add(join(hourFolder(join(root, 'v2/protobuf'), tick.st), `bg_${name}.pb`), v2Message(tick))
    }
    for (const [path, parts] of byFile) await writeSource(path, parts)
  }

  it('comes out once: each hour from the form that keeps most, the others listed', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    await writeTree(join(dir.dataDir, 'storage'), all)
    const { report, faults } = await run({ sources: [join(dir.dataDir, 'storage')], to })
    expect(await readAll(to, 'json')).toEqual(all)
    expect(await readAll(to, 'pb')).toEqual(all)
    expect(report.faults).toBe(0)
    expect(report.leftOut).toEqual({ hours: 8, ticks: 240 }) // v3 and v2 protobuf of four types
    expect(faults).toHaveLength(8)
    expect(faults[0]).toMatchObject({ path: '2025/07/30/14/711280073_all_last', ticks: 30, reason: expect.stringContaining('--merge') })
    expect(Object.keys(report.read).sort()).toEqual(['v2 json', 'v2 protobuf', 'v3'])
    expect(report.read['v2 json']?.bytes).toBeGreaterThan(report.written.json.bytes * 2)
  })

  it('twice is once, and the second time reads nothing', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const sources = [join(dir.dataDir, 'storage/v3/json'), join(dir.dataDir, 'storage/v3/protobuf')]
    await writeTree(join(dir.dataDir, 'storage'), all)
    await run({ sources, to })
    const first = await contentOf(to)
    const { report } = await run({ sources, to })
    expect(report).toMatchObject({ files: 0, added: 0, known: { files: 8, faults: 0 } })
    expect(await contentOf(to)).toEqual(first)
    const again = await run({ sources, to, again: true })
    expect(again.report).toMatchObject({ files: 8, added: 0 })
    expect(await contentOf(to)).toEqual(first)
  })

  it('every file that is made has its manifest entry, once, and a new one when it changes', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const source = join(dir.dataDir, 'old/a.jsonl')
    const ticks = ticksOf('last', 40)
    const query = { dataDir: to, partition: partitionOf(CID), startUs: HOUR, endUs: HOUR + 1 }
    for (const count of [25, 25, 40]) {
      await writeSource(
        source,
        ticks.slice(0, count).map((tick) => `${encodeTickJson(tick)}\n`),
      )
      await run({ sources: [source], to, again: true })
      for (const backend of BACKENDS) {
        const { entries, damage } = await readManifests({ ...query, backend }, {})
        expect(damage).toEqual([])
        expect([...entries.keys()]).toEqual([`${backend}/2025/07/30/14/${CID}_last_${HOUR / US_PER_SECOND + 1}.${extensionOf(backend)}`])
        const [entry] = entries.values()
        const bytes = await readFile(join(to, entry?.path ?? ''))
        expect(entry).toMatchObject({
          bytes: bytes.length,
          crc32c: crc32c(bytes),
          count,
          firstTs: HOUR,
          sorted: true,
          firstSeq: 0,
          lastSeq: 0,
        })
      }
    }
    const lines = await readFile(join(to, `.state/json/manifest/2025-07-30/${String(partitionOf(CID)).padStart(2, '0')}.jsonl`), 'utf8')
    expect(lines.trim().split('\n')).toHaveLength(2)
  })

  it('a source that grew is read again, and gives only what is new', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const source = join(dir.dataDir, 'old/a.jsonl')
    const ticks = ticksOf('last', 40)
    await writeSource(
      source,
      ticks.slice(0, 25).map((tick) => `${encodeTickJson(tick)}\n`),
    )
    await run({ sources: [source], to })
    await writeSource(
      source,
      ticks.map((tick) => `${encodeTickJson(tick)}\n`),
    )
    const { report } = await run({ sources: [source], to })
    expect(report.added).toBe(15)
    expect(await readAll(to, 'pb')).toEqual(ticks)
  })

  it('ticks of one stream on both sides of an hour by another clock are all kept, equal ones too', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const tree = join(dir.dataDir, 'storage/v2/json')
    const ts = HOUR + US_PER_HOUR - US_PER_SECOND
    const quote = (st: number): TickMessage => ({ ts, st, cid: CID, tt: 'bid_ask', rid: 7, bp: 5, bs: 1, ap: 6, as: 1 })
    const before = quote(HOUR + US_PER_HOUR - 10)
    const after = quote(HOUR + US_PER_HOUR + 10)
    for (const tick of [before, after]) await writeSource(join(hourFolder(tree, tick.st), `bg_${CID}_bid_ask.jsonl`), [writtenV2Line(tick)])
    await run({ sources: [tree], to })
    expect(await readAll(to, 'json')).toEqual([before, after])
  })

  it('what two streams of one recorder heard is kept once, however often a stream repeats itself', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const tree = join(dir.dataDir, 'storage/v2/json')
    const trade = (st: number): TickMessage => ({ ts: HOUR, st, cid: CID, tt: 'last', rid: 7, p: 5, s: 1 })
    const folder = hourFolder(tree, HOUR)
    const background = [trade(HOUR + 100), trade(HOUR + 200), trade(HOUR + 300)]
    const client = [trade(HOUR + 150), trade(HOUR + 250)]
    await writeSource(
      join(folder, `bg_${CID}_last.jsonl`),
      background.map((tick) => writtenV2Line(tick)),
    )
    await writeSource(
      join(folder, `${CID}_last_1753884000123_4711.jsonl`),
      client.map((tick) => writtenV2Line(tick)),
    )
    await run({ sources: [tree], to })
    expect(await readAll(to, 'json')).toHaveLength(3)
  })

  it('a file a second, as the oldest v3 recordings have, becomes a file an hour', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const tree = join(dir.dataDir, 'storage/v3/json')
    const ticks = ticksOf('bid_ask', 90)
    for (const [ts, some] of Map.groupBy(ticks, (tick) => tick.ts)) {
      await writeSource(join(hourFolder(tree, ts), `${CID}_bid_ask_${ts / US_PER_SECOND}.jsonl`), some.map(olderV3Line))
    }
    const { report } = await run({ sources: [tree], to })
    expect(report).toMatchObject({ files: 30, written: { json: { files: 1, ticks: 90 }, pb: { files: 1, ticks: 90 } } })
    expect(await readdir(join(to, 'json/2025/07/30/14'))).toEqual([`${CID}_bid_ask_${HOUR / US_PER_SECOND + 1}.jsonl`])
    expect(await readAll(to, 'json')).toEqual(ticks)
  })
})

describe('beside what is recorded', () => {
  async function recorded(to: string, ticks: readonly TickMessage[]): Promise<void> {
    for (const tick of ticks) {
      for (const backend of ['json', 'pb'] as const) {
        const path = join(to, segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) }))
        await mkdir(join(path, '..'), { recursive: true })
        await writeFile(path, backend === 'json' ? `${encodeTickJson(tick)}\n` : encodeTickProto(tick), { flag: 'a' })
      }
    }
  }

  it('leaves an hour with recorded ticks alone, and says so', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const [first, ...others] = ticksOf('last', 10)
    await recorded(to, [first as TickMessage])
    const source = await writeSource(join(dir.dataDir, 'old/a.jsonl'), others.map(olderV3Line))
    const { report, faults } = await run({ sources: [source], to })
    expect(await readAll(to, 'json')).toEqual([first])
    expect(report).toMatchObject({ added: 0, leftOut: { hours: 1, ticks: 9 } })
    expect(faults).toEqual([{ path: `2025/07/30/14/${CID}_last`, ticks: 9, reason: expect.stringContaining('recorded') }])
    expect((await run({ sources: [source], to })).report.leftOut).toEqual({ hours: 1, ticks: 9 }) // told again
  })

  it('with merge adds what the recording lacks, as multisets without st and rid', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const trade = (st: number, p: number): TickMessage => ({ ts: HOUR, st: HOUR + st, cid: CID, tt: 'last', rid: 1, p, s: 1 })
    const live = [trade(10, 5), trade(20, 5), trade(30, 6)]
    const old = [trade(11, 5), trade(21, 5), trade(22, 5), trade(40, 7)].map((tick) => ({ ...tick, rid: 99 }))
    await recorded(to, live)
    const source = await writeSource(join(dir.dataDir, 'old/a.jsonl'), old.map(olderV3Line))
    const { report } = await run({ sources: [source], to, merge: true })
    expect(report).toMatchObject({ added: 2, leftOut: { hours: 0, ticks: 0 } })
    const wanted = [...live, old[2] as TickMessage, old[3] as TickMessage].sort(compareTicks)
    expect(await readAll(to, 'json')).toEqual(wanted)
    expect(await readAll(to, 'pb')).toEqual(wanted)
    expect((await run({ sources: [source], to, merge: true, again: true })).report.added).toBe(0)
    expect(await readAll(to, 'json')).toEqual(wanted)
  })

  it('with merge a backend that was not asked for but has the hour gets it too, and one that lacks the recording gets that as well', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const ticks = ticksOf('last', 6)
    const live = ticks.slice(0, 3)
    await recorded(to, live)
    await rm(join(to, 'pb'), { recursive: true })
    const source = await writeSource(
      join(dir.dataDir, 'old/a.jsonl'),
      ticks.slice(3).map((tick) => `${encodeTickJson(tick)}\n`),
    )
    await run({ sources: [source], to, merge: true, backends: ['pb'] })
    expect(await readAll(to, 'json')).toEqual(ticks)
    expect(await readAll(to, 'pb')).toEqual(ticks)
  })

  it('is refused while a writer holds one partition, and the writer while it runs', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const source = await writeSource(join(dir.dataDir, 'old/a.jsonl'), ticksOf('last', 3).map(olderV3Line))
    const options = { dataDir: to, backend: 'pb', partition: 3, source: { spoolId: 'x', source: 'gateway' } } as const
    await using store = await openPartitionStore(options)
    expect(store).toBeDefined()
    expect(await outcomeOf(run({ sources: [source], to }))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    expect(await outcomeOf(run({ sources: [source], to, dryRun: true }))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    await store?.close()
    let rival: unknown = 'never asked'
    await run({ sources: [source], to, onProgress: () => (rival = openPartitionStore(options)) })
    expect(await rival).toBeUndefined()
  })

  it('is refused for a tree of the simulator, a source inside the target, a source that is not there, a zone that is none', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const source = await writeSource(join(dir.dataDir, 'old/a.jsonl'), ticksOf('last', 3).map(olderV3Line))
    expect(await outcomeOf(run({ sources: [dir.dataDir], to }))).toBe('IBS_STORAGE_IMPORT_REFUSED')
    expect(await outcomeOf(run({ sources: [join(to, 'json')], to }))).toBe('IBS_STORAGE_IMPORT_REFUSED')
    expect(await outcomeOf(run({ sources: [`${source}.gone`], to }))).toBe('IBS_STORAGE_IMPORT_REFUSED')
    expect(await outcomeOf(run({ sources: [source], to, zone: 'Mars/Base' }))).toBe('IBS_STORAGE_IMPORT_REFUSED')
    const store = await openPartitionStore({
      dataDir: to,
      backend: 'json',
      partition: partitionOf(CID),
      source: { spoolId: 'x', source: 'simulator' },
    })
    store?.advance(1, HOUR)
    await store?.commitDurable()
    await store?.close()
    expect(await outcomeOf(run({ sources: [source], to }))).toBe('IBS_STORAGE_SOURCE_MIXED')
  })

  it('a dry run writes nothing and tells the same', async () => {
    await using dir = await temporaryDataDir()
    const to = join(dir.dataDir, 'data')
    const source = await writeSource(join(dir.dataDir, 'old/a.jsonl'), [...ticksOf('last', 30).map(olderV3Line), 'x\n'])
    const dry = await run({ sources: [source], to, dryRun: true })
    expect(await outcomeOf(readdir(to))).toBe('ENOENT')
    const real = await run({ sources: [source], to })
    expect({ ...dry.report, dryRun: false }).toEqual(real.report)
    expect(dry.faults).toEqual(real.faults)
  })
})

/** Every tick file below a DATA_DIR with its bytes. */
async function contentOf(dataDir: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const backend of ['json', 'pb']) {
    for (const entry of await readdir(join(dataDir, backend), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) content[path.slice(dataDir.length)] = (await readFile(path)).toString('base64')
    }
  }
  return content
}
