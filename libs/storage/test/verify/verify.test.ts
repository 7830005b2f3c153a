import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { US_PER_DAY } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { manifestPath } from '../../src/layout/manifest-path.ts'
import { eventsPath } from '../../src/layout/segment-path.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/segment/checkpoint.ts'
import { verify } from '../../src/verify/verify.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { fileAt, openStore, recordOf, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'

const PER_HOUR = 40
const DURABLE = '.state/json/checkpoints/09.durable.json'

let recorded = ''
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-recorded-'))
  await recordTree(recorded, { ticks: 12 * PER_HOUR, perHour: PER_HOUR })
})
afterAll(() => rm(recorded, { recursive: true }))

/** A copy of the recorded tree, to be spoilt. */
async function copied() {
  const at = await temporaryDataDir()
  await cp(recorded, at.dataDir, { recursive: true })
  return Object.assign(at, { in: (path: string) => join(at.dataDir, path) })
}

const found = async (dataDir: string) => (await verify({ dataDir })).damage.map(({ path, kind }) => ({ path, kind }))

async function change(path: string, how: (bytes: Buffer) => Buffer | undefined): Promise<void> {
  const bytes = await readFile(path)
  await writeFile(path, how(bytes) ?? bytes)
}

/** Where the records of a file of JSON lines begin, and its end. */
function edges(bytes: Buffer): number[] {
  const at = [0]
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) at.push(end + 1)
  return at
}

describe('verify', () => {
  it('finds nothing in a tree as writers leave it, and looks at every file', async () => {
    const report = await verify({ dataDir: recorded })
    expect(report).toMatchObject({ damage: [], unreachable: [], notVouchedFiles: 0 })
    const files = (await readdir(recorded, { recursive: true, withFileTypes: true })).filter(
      (each) => each.isFile() && !each.parentPath.includes('.state'),
    )
    expect(report.files).toBe(files.length)
    let bytes = 0
    for (const { parentPath, name } of files) bytes += (await stat(join(parentPath, name))).size
    expect(report.bytes).toBe(bytes)
  })

  const JSON_FILE = fileAt('json', 2)
  const PB_FILE = fileAt('pb', 2)
  const EVENTS = eventsPath(START_US)
  const MANIFEST = manifestPath({ backend: 'json', partition: 9, dayUs: START_US })

  it.each<[string, string, string, (path: string) => Promise<unknown>]>([
    ['a flipped bit', JSON_FILE, 'changed', (path) => change(path, (bytes) => void bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70))],
    [
      'a flipped bit in protobuf',
      PB_FILE,
      'changed',
      (path) => change(path, (bytes) => void bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70)),
    ],
    ['a zeroed block', JSON_FILE, 'changed', (path) => change(path, (bytes) => void bytes.fill(0, 512, 1024))],
    ['a zeroed block in protobuf', PB_FILE, 'changed', (path) => change(path, (bytes) => void bytes.fill(0, 512, 1024))],
    ['a changed event', EVENTS, 'changed', (path) => change(path, (bytes) => void bytes.write('x', 3))],
    ['a cut inside a record', JSON_FILE, 'cut', async (path) => truncate(path, (await stat(path)).size - 5)],
    ['a cut at a record edge', JSON_FILE, 'cut', async (path) => truncate(path, edges(await readFile(path)).at(-2))],
    ['an emptied file', PB_FILE, 'cut', (path) => truncate(path, 0)],
    ['a missing file', PB_FILE, 'missing', (path) => rm(path)],
    ['a record added by hand', JSON_FILE, 'grown', (path) => appendFile(path, recordOf('json', tickAt(90, PER_HOUR)))],
    [
      'a flipped bit in a manifest',
      MANIFEST,
      'manifest',
      (path) => change(path, (bytes) => void bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700)),
    ],
    ['a damaged checkpoint', DURABLE, 'checkpoint', (path) => change(path, (bytes) => void bytes.writeUInt8(bytes.readUInt8(50) ^ 1, 50))],
  ])('finds %s and says where', async (_what, path, kind, spoil) => {
    await using at = await copied()
    await spoil(at.in(path))
    expect(await found(at.dataDir)).toContainEqual({ path, kind })
    const other = (await found(at.dataDir)).filter((each) => each.path !== path)
    if (kind === 'manifest')
      expect(other.map((each) => each.kind)).toEqual(['no_entry']) // of the file whose line it was
    else expect(other).toEqual([])
  })

  it('finds two records of one length that changed places', async () => {
    await using at = await copied()
    await change(at.in(JSON_FILE), (bytes) => {
      const at = edges(bytes)
      const records = at.slice(0, -1).map((start, i) => bytes.subarray(start, at[i + 1]))
      const i = records.findIndex((record, n) => record.length === records[n + 1]?.length)
      const [a, b] = [records[i], records[i + 1]]
      if (i < 0 || !a || !b) throw new Error('no two neighbours of one length')
      records.splice(i, 2, b, a)
      return Buffer.concat(records)
    })
    const report = await verify({ dataDir: at.dataDir })
    expect(report.damage).toEqual([{ path: JSON_FILE, kind: 'changed', detail: expect.stringContaining('every record can be read') }])
  })

  it('says at which byte the first unreadable record begins', async () => {
    await using at = await copied()
    const start = edges(await readFile(at.in(JSON_FILE)))[4] ?? 0
    await change(at.in(JSON_FILE), (bytes) => void bytes.fill(0, start + 3, start + 40))
    expect((await verify({ dataDir: at.dataDir })).damage[0]?.detail).toContain(`at byte ${start} `)
  })

  it('finds a lost manifest by the files that it should name', async () => {
    await using at = await copied()
    await rm(at.in(MANIFEST))
    const kinds = (await verify({ dataDir: at.dataDir })).damage
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['no_entry']))
    expect(kinds.length).toBeGreaterThan(10)
  })

  it('finds a manifest that was cut at a line edge', async () => {
    await using at = await copied()
    const text = await readFile(at.in(MANIFEST))
    await truncate(at.in(MANIFEST), edges(text).at(-2))
    expect(await found(at.dataDir)).toHaveLength(1)
  })

  it('finds that the checkpoints are gone', async () => {
    await using at = await copied()
    await rm(at.in('.state/json/checkpoints'), { recursive: true })
    expect(await found(at.dataDir)).toEqual(expect.arrayContaining([{ path: DURABLE, kind: 'checkpoint' }]))
  })

  it('finds damage in a file that is still listed, in its committed bytes only', async () => {
    await using at = await copied()
    const open = fileAt('json', 11)
    const size = (await stat(at.in(open))).size
    await appendFile(at.in(open), 'written, not committed')
    expect(await found(at.dataDir)).toEqual([])
    await truncate(at.in(open), size - 1)
    expect(await found(at.dataDir)).toEqual([{ path: open, kind: 'cut' }])
  })

  it('reads the records of files that nobody vouches for, and says how many there are', async () => {
    await using at = await copied()
    const path = JSON_FILE.replace(/_(\d+)\.jsonl$/, (_, stamp) => `_${Number(stamp) + 1}.jsonl`)
    await writeFile(at.in(path), recordOf('json', tickAt(82, PER_HOUR)))
    expect(await verify({ dataDir: at.dataDir })).toMatchObject({ damage: [], notVouchedFiles: 1 })
    await appendFile(at.in(path), '{"ts":17')
    expect(await found(at.dataDir)).toEqual([{ path, kind: 'unreadable' }])
  })

  it('asks for no entries of files that were closed before there were manifests', async () => {
    await using at = await copied()
    await rm(at.in('.state/json/manifest'), { recursive: true })
    for (const name of ['09.durable.json', '09.visible.json', 'events.durable.json', 'events.visible.json']) {
      const path = at.in(`.state/json/checkpoints/${name}`)
      const checkpoint = decodeCheckpoint(await readFile(path, 'utf8'))
      if (!checkpoint) throw new Error(name)
      const { manifestSinceUs: _, ...old } = checkpoint
      await writeFile(path, encodeCheckpoint(old as typeof checkpoint))
    }
    const report = await verify({ dataDir: at.dataDir })
    expect(report.damage).toEqual([])
    expect(report.notVouchedFiles).toBeGreaterThan(10)
  })

  it('looks at the days of a range only', async () => {
    await using at = await copied()
    await rm(at.in(JSON_FILE))
    const before = await verify({ dataDir: at.dataDir, startUs: START_US - US_PER_DAY * 3, endUs: START_US - US_PER_DAY * 2 })
    expect(before).toMatchObject({ damage: [], files: 0 })
    expect(await verify({ dataDir: at.dataDir, startUs: START_US, endUs: START_US + 1 })).toMatchObject({ damage: [{ path: JSON_FILE }] })
  })

  it('says what it cannot look at, and looks at the rest', async () => {
    await using at = await copied()
    await rm(at.in(JSON_FILE))
    await mkdir(at.in(JSON_FILE)) // reading it fails for every user
    await rm(at.in(PB_FILE))
    const report = await verify({ dataDir: at.dataDir })
    expect(report.unreachable).toEqual([{ path: JSON_FILE, reason: expect.stringContaining('EISDIR') }])
    expect(report.damage).toMatchObject([{ path: PB_FILE, kind: 'missing' }])
  })

  it('refuses a folder that holds no recording', async () => {
    await using at = await temporaryDataDir()
    expect(await outcomeOf(verify({ dataDir: at.dataDir }))).toBe('IBS_STORAGE_TREE_MISSING')
    expect(await outcomeOf(verify({ dataDir: join(at.dataDir, 'none') }))).toBe('IBS_STORAGE_TREE_MISSING')
  })

  it('property: any one changed byte of a closed file, a manifest or a durable checkpoint is found', async () => {
    await using at = await copied()
    const all = (await readdir(at.dataDir, { recursive: true, withFileTypes: true }))
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => /durable|manifest|\.pb$|\.jsonl$/.test(path))
    const closed: string[] = []
    const listed = Object.keys(decodeCheckpoint(await readFile(at.in(DURABLE), 'utf8'))?.files ?? {})
    for (const path of all) if ((await stat(path)).size > 0 && !listed.some((open) => path.endsWith(open))) closed.push(path)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...closed), fc.nat(), fc.integer({ min: 1, max: 255 }), async (path, where, mask) => {
        const intact = await readFile(path)
        const spoilt = Buffer.from(intact)
        const at_ = where % spoilt.length
        spoilt.writeUInt8(spoilt.readUInt8(at_) ^ mask, at_)
        await writeFile(path, spoilt)
        const { damage } = await verify({ dataDir: at.dataDir })
        await writeFile(path, intact)
        expect(damage.map((each) => at.in(each.path))).toContain(path)
      }),
      { numRuns: 60 },
    )
  })
})

describe('verify beside a running writer', () => {
  it('does not cry while hours close, late ticks open them again, and owners change', async () => {
    await using at = await temporaryDataDir()
    const perHour = 12
    let store = await openStore(at.dataDir, 'json')
    takeTick(store, 'json', 1, tickAt(0, perHour))
    await store.commitDurable()
    let looks = 0
    let writing = true
    const looking = (async () => {
      while (writing) {
        const { damage, unreachable } = await verify({ dataDir: at.dataDir })
        expect({ damage, unreachable }).toEqual({ damage: [], unreachable: [] })
        looks++
      }
    })()
    const until = performance.now() + 4_000
    for (let n = 1; performance.now() < until; n++) {
      takeTick(store, 'json', n + 1, tickAt(n, perHour))
      if (n % 3 === 0) await (n % 5 === 0 ? store.commitDurable() : store.commitVisible())
      if (n % 100 !== 0) continue
      await store.close()
      store = await openStore(at.dataDir, 'json')
      for (let m = store.seq; m <= n; m++) takeTick(store, 'json', m + 1, tickAt(m, perHour)) // from the log again
    }
    writing = false
    await looking
    await store.close()
    expect(looks).toBeGreaterThan(3)
  })
})
