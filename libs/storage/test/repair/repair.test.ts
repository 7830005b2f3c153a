import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, US_PER_HOUR } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { manifestPath } from '../../src/layout/manifest-path.ts'
import { eventsPath } from '../../src/layout/segment-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { openRange } from '../../src/query/open-range.ts'
import { repair, repairOn } from '../../src/repair/repair.ts'
import { bootId } from '../../src/segment/boot-id.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/segment/checkpoint.ts'
import { nodeDisk } from '../../src/segment/disk.ts'
import { verify } from '../../src/verify/verify.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, openStore, recordOf, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { gatedDisk, systemError } from '../segment/failing-disk.ts'

const PER_HOUR = 40
const TICKS = 12 * PER_HOUR
const JSON_FILE = fileAt('json', 2)
const PB_FILE = fileAt('pb', 2)
const MANIFEST = manifestPath({ backend: 'json', partition: 9, dayUs: START_US })

let recorded = ''
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-recorded-'))
  await recordTree(recorded, { ticks: TICKS, perHour: PER_HOUR })
})
afterAll(() => rm(recorded, { recursive: true }))

/** A copy of the recorded tree, to be spoilt. */
async function copied() {
  const at = await temporaryDataDir()
  await cp(recorded, at.dataDir, { recursive: true })
  const inTree = (path: string) => join(at.dataDir, path)
  const damage = async () => (await verify({ dataDir: at.dataDir })).damage.map(({ path, kind }) => ({ path, kind }))
  return Object.assign(at, { in: inTree, damage, bytes: (path: string) => readFile(inTree(path)) })
}

const recordedBytes = (path: string): Promise<Buffer> => readFile(join(recorded, path))

async function change(path: string, how: (bytes: Buffer) => Buffer | undefined): Promise<void> {
  const bytes = await readFile(path)
  await writeFile(path, how(bytes) ?? bytes)
}

const flip = (at: number) => (path: string) => change(path, (bytes) => void bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at))
const zero = (path: string) => change(path, (bytes) => void bytes.fill(0, 512, 1024))

/** Where lines begin, and the end. */
function edges(bytes: Buffer): number[] {
  const at = [0]
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) at.push(end + 1)
  return at
}

describe('repair with a whole other backend', () => {
  it.each<[string, string, (path: string) => Promise<unknown>]>([
    ['a flipped bit', JSON_FILE, flip(70)],
    ['a flipped bit in protobuf', PB_FILE, flip(70)],
    ['a zeroed block', JSON_FILE, zero],
    ['a zeroed block in protobuf', PB_FILE, zero],
    ['a cut inside a record', JSON_FILE, async (path) => truncate(path, (await stat(path)).size - 5)],
    ['an emptied file', PB_FILE, (path) => truncate(path, 0)],
    ['a missing file', PB_FILE, (path) => rm(path)],
    ['a record added by hand', JSON_FILE, (path) => appendFile(path, recordOf('json', tickAt(90, PER_HOUR)))],
    ['a listed file that was cut', fileAt('json', 11), async (path) => truncate(path, (await stat(path)).size - 1)],
  ])('restores exactly the bytes before %s and keeps the damaged ones', async (_what, path, spoil) => {
    await using at = await copied()
    await spoil(at.in(path))
    const spoilt = await at.bytes(path).catch(() => undefined)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ path, did: 'restored' }])
    expect(await at.bytes(path)).toEqual(await recordedBytes(path))
    expect(await at.damage()).toEqual([])
    if (spoilt) expect(await at.bytes(outcomes[0]?.keptIn ?? '')).toEqual(spoilt)
    expect(await readdir(at.in(`.state/${path.split('/')[0]}/repair`))).toEqual([]) // nothing half done stays
  })

  it('lets the writers go on afterwards as if nothing had been', async () => {
    await using at = await copied()
    const listed = fileAt('json', 11)
    await truncate(at.in(listed), 10)
    expect(await outcomeOf(openStore(at.dataDir, 'json'))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    await repair({ dataDir: at.dataDir })
    await using store = await openStore(at.dataDir, 'json')
    expect(store.seq).toBe(TICKS)
  })

  it('rebuilds a hour whose entry is lost too', async () => {
    await using at = await copied()
    await rm(at.in(MANIFEST))
    await zero(at.in(JSON_FILE))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toContainEqual(expect.objectContaining({ path: JSON_FILE, did: 'rebuilt' }))
    expect(outcomes.filter(({ did }) => did !== 'rebuilt' && did !== 'entered')).toEqual([])
    expect(await at.bytes(JSON_FILE)).toEqual(await recordedBytes(JSON_FILE))
    expect(await at.damage()).toEqual([])
  })

  it.each(['json', 'pb'] as const)(
    'regression: fills an hour of %s of which it knows nothing, from the other backend that recorded it',
    async (backend) => {
      await using at = await copied()
      const path = fileAt(backend, 2)
      const manifest = at.in(manifestPath({ backend, partition: 9, dayUs: START_US }))
      await rm(at.in(path))
      await change(manifest, (bytes) => {
        const lines = bytes.toString().split('\n')
        return Buffer.from(lines.filter((line) => !line.includes(path)).join('\n'))
      })
      expect(await at.damage()).toEqual([]) // by its own word
      const dry = await repair({ dataDir: at.dataDir, dryRun: true })
      expect(dry.outcomes).toMatchObject([{ path, kind: 'missing', did: 'rebuilt' }])
      const { outcomes } = await repair({ dataDir: at.dataDir })
      expect(outcomes).toMatchObject([{ path, kind: 'missing', did: 'rebuilt' }])
      expect(await at.bytes(path)).toEqual(await recordedBytes(path))
      expect(await at.damage()).toEqual([])
      expect((await repair({ dataDir: at.dataDir })).outcomes).toEqual([])
    },
  )

  it('fills nothing of a backend that never followed the log', async () => {
    await using at = await copied()
    await rm(at.in('pb'), { recursive: true })
    await rm(at.in('.state/pb'), { recursive: true })
    expect((await repair({ dataDir: at.dataDir })).outcomes).toEqual([])
  })

  it('regression: keeps late ticks whose newer manifest entry is lost', async () => {
    await using at = await copied()
    const intact = await at.bytes(JSON_FILE)
    const [, , early = 0] = edges(intact)
    const { outcomes: none } = await repair({ dataDir: at.dataDir })
    expect(none).toEqual([])
    await rm(at.in(MANIFEST))
    await writeFile(at.in(JSON_FILE), intact.subarray(0, early))
    await rm(at.in(PB_FILE)) // so that the shorter one is believed
    await repair({ dataDir: at.dataDir })
    await writeFile(at.in(JSON_FILE), intact)
    await writeFile(at.in(PB_FILE), await recordedBytes(PB_FILE))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ path: JSON_FILE, kind: 'grown', did: 'entered' }])
    expect(await at.bytes(JSON_FILE)).toEqual(intact)
    expect(await at.damage()).toEqual([])
  })
})

/** Quotes of the hour of JSON_FILE that a range gives, and how many it says are missing. */
async function hourTwo(dataDir: string, backends: readonly OwnBackend[]) {
  const startUs = START_US + 2 * US_PER_HOUR
  await using range = await openRange({ dataDir, backends, cids: [CID], tts: ['bid_ask'], startUs, endUs: startUs + US_PER_HOUR })
  const { ticks } = await range.measure()
  return { ticks, missing: range.removed.reduce((sum, hour) => sum + hour.ticks, 0) }
}

describe('repair alone', () => {
  it('salvages what can be read, says how much, and vouches for it from then on', async () => {
    await using at = await copied()
    await zero(at.in(JSON_FILE))
    await rm(at.in(PB_FILE))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    const own = outcomes.find(({ path }) => path === JSON_FILE)
    expect(own).toMatchObject({ did: 'salvaged', detail: expect.stringMatching(/^\d+ of \d+ ticks can be read$/) })
    const [ticks, of] = (own?.detail.match(/\d+/g) ?? []).map(Number)
    const lines = (await at.bytes(JSON_FILE)).toString().split('\n').slice(0, -1)
    const before = (await recordedBytes(JSON_FILE)).toString().split('\n').slice(0, -1)
    expect([lines.length, before.length]).toEqual([ticks, of])
    expect(before.filter((line) => lines.includes(line))).toEqual(lines)
    expect(before.length - lines.length).toBeLessThan(9) // 512 bytes of them
    expect(await at.bytes(own?.keptIn ?? '')).not.toEqual(await recordedBytes(JSON_FILE))
    const again = await repair({ dataDir: at.dataDir })
    expect(again.outcomes).toMatchObject([{ path: PB_FILE, did: 'left' }]) // the other one is whole no more
    const [alone, both] = [await hourTwo(at.dataDir, ['json']), await hourTwo(at.dataDir, ['json', 'pb']).catch(codeOf)]
    expect(alone).toEqual({ ticks: lines.length, missing: before.length - lines.length })
    expect(both).toBe('IBS_STORAGE_MANIFEST_AHEAD') // the other one is known to have had more
    await writeFile(at.in(PB_FILE), await recordedBytes(PB_FILE))
    expect(await hourTwo(at.dataDir, ['json', 'pb'])).toEqual({ ticks: before.length, missing: 0 }) // a whole one goes before
  })

  it('leaves a file whose records can all be read though a value changed, for nobody knows which', async () => {
    await using at = await copied()
    await rm(at.in('pb'), { recursive: true })
    await change(at.in(JSON_FILE), (bytes) => void bytes.write('9', bytes.indexOf('"bp":') + 5))
    const spoilt = await at.bytes(JSON_FILE)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.find(({ path }) => path === JSON_FILE)).toMatchObject({ did: 'left', detail: expect.stringContaining('values') })
    expect(await at.bytes(JSON_FILE)).toEqual(spoilt)
  })

  it('leaves a missing file that no other backend has, and says so', async () => {
    await using at = await copied()
    await rm(at.in(JSON_FILE))
    await rm(at.in(PB_FILE))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.map(({ path, did }) => ({ path, did }))).toEqual([JSON_FILE, PB_FILE].map((path) => ({ path, did: 'left' })))
  })

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['lost', (path) => rm(path)],
    ['flipped in one bit', flip(700)],
    ['cut inside a line', async (path) => truncate(path, (await stat(path)).size - 9)],
  ])('makes the entries of a manifest anew that was %s', async (_what, spoil) => {
    await using at = await copied()
    const sorted = (bytes: Buffer) => bytes.toString().split('\n').sort()
    await spoil(at.in(MANIFEST))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.filter(({ did }) => did !== 'entered' && did !== 'rebuilt')).toEqual([])
    expect(await at.damage()).toEqual([])
    const newest = (bytes: Buffer) =>
      new Map(sorted(bytes).map((line) => [/"path":"([^"]+)"/.exec(line)?.[1], /"bytes":\d+/.exec(line)?.[0]]))
    expect(newest(await at.bytes(MANIFEST)).size).toBe(newest(await recordedBytes(MANIFEST)).size)
  })

  it('gives a manifest that a dead writer left listed its entries, and the writer goes on', async () => {
    await using at = await copied()
    const paths = statePaths('json', 9)
    const whole = await at.bytes(MANIFEST)
    const committed = edges(whole).at(-2) ?? 0
    for (const path of [paths.durable, paths.visible]) {
      const checkpoint = decodeCheckpoint((await at.bytes(path)).toString())
      if (!checkpoint) throw new Error(path)
      const files = { ...checkpoint.files, [MANIFEST]: committed }
      await writeFile(at.in(path), encodeCheckpoint({ ...checkpoint, bootId: bootId(), files }))
    }
    expect(await at.damage()).toMatchObject([{ kind: 'grown' }]) // its older entry counts
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ did: 'entered' }])
    expect(await at.damage()).toEqual([])
    await using store = await openStore(at.dataDir, 'json')
    takeTick(store, 'json', TICKS + 1, tickAt(TICKS, PER_HOUR))
    await store.commitDurable()
    expect(await at.damage()).toEqual([])
  })

  it('touches nothing of a partition whose checkpoint is damaged, and says what to do', async () => {
    await using at = await copied()
    const { durable } = statePaths('json', 9)
    await flip(50)(at.in(durable))
    await zero(at.in(JSON_FILE))
    const spoilt = await at.bytes(JSON_FILE)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([
      { path: durable, kind: 'checkpoint', did: 'left', detail: expect.stringContaining('makes it anew') },
      { path: JSON_FILE, did: 'left', detail: expect.stringContaining(durable) },
    ])
    expect(await at.bytes(JSON_FILE)).toEqual(spoilt)
  })

  it('leaves changed events, and gives whole ones their lost entry', async () => {
    await using at = await copied()
    const events = eventsPath(START_US)
    await flip(3)(at.in(events))
    expect((await repair({ dataDir: at.dataDir })).outcomes).toMatchObject([{ path: events, did: 'left' }])
    await writeFile(at.in(events), await recordedBytes(events))
    await rm(at.in(manifestPath({ backend: 'json', partition: 'events', dayUs: START_US })))
    expect((await repair({ dataDir: at.dataDir })).outcomes).toMatchObject([{ path: events, did: 'entered' }])
    expect(await at.damage()).toEqual([])
  })
})

describe('repair', () => {
  it('decides the same in a dry run and changes no byte', async () => {
    await using at = await copied()
    await zero(at.in(JSON_FILE))
    await rm(at.in(fileAt('pb', 3)))
    const before = await contentOf(at.dataDir)
    const { outcomes } = await repair({ dataDir: at.dataDir, dryRun: true })
    expect(await contentOf(at.dataDir)).toEqual(before)
    const done = await repair({ dataDir: at.dataDir })
    expect(done.outcomes.map(({ keptIn: _, ...outcome }) => outcome)).toEqual(outcomes)
  })

  it.each(['json', 'pb'] as const)('is refused while a writer of %s holds its partition', async (backend) => {
    await using at = await copied()
    await using _store = await openStore(at.dataDir, backend)
    expect(await outcomeOf(repair({ dataDir: at.dataDir }))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    expect(await outcomeOf(repair({ dataDir: at.dataDir, dryRun: true }))).toBe('IBS_STORAGE_BACKEND_IN_USE')
  })

  it('makes nothing in a folder that holds no recording', async () => {
    await using at = await temporaryDataDir()
    expect(await outcomeOf(repair({ dataDir: at.dataDir }))).toBe('IBS_STORAGE_TREE_MISSING')
    expect(await readdir(at.dataDir)).toEqual([])
  })

  it('killed before or after any name changes has each file old or new, and goes on to the same end', async () => {
    await using whole = await copied()
    const spoil = async (inTree: (path: string) => string) => {
      await zero(inTree(JSON_FILE)) // restored
      await zero(inTree(fileAt('json', 4)))
      await rm(inTree(fileAt('pb', 4))) // so the one in JSON is salvaged
      await flip(700)(inTree(MANIFEST))
    }
    await spoil(whole.in)
    const killAt: number[] = []
    let steps = 0
    const counting = gatedDisk(nodeDisk(whole.dataDir), (call) => {
      steps++
      if (call === 'rename') killAt.push(steps, steps + 1)
    })
    await repairOn(counting, { dataDir: whole.dataDir })
    expect(killAt).toHaveLength(2 * 2 * 3) // three files kept, three replaced
    const paths = [JSON_FILE, fileAt('json', 4), MANIFEST]
    const ends = await Promise.all(paths.map((path) => whole.bytes(path)))
    for (const last of killAt) {
      await using at = await copied()
      await spoil(at.in)
      const starts = await Promise.all(paths.map((path) => at.bytes(path)))
      let step = 0
      const disk = gatedDisk(nodeDisk(at.dataDir), () => {
        if (++step >= last) throw systemError('KILLED')
      })
      await repairOn(disk, { dataDir: at.dataDir })
      for (const [i, path] of paths.entries()) {
        const now = await at.bytes(path)
        if (!now.equals(starts[i] ?? now)) expect(now).toEqual(ends[i])
      }
      await repair({ dataDir: at.dataDir })
      expect(await Promise.all(paths.slice(0, 2).map((path) => at.bytes(path)))).toEqual(ends.slice(0, 2))
      expect(await at.damage()).toEqual([{ path: fileAt('pb', 4), kind: 'missing' }])
    }
  }, 60_000)
})

/** Every file but the locks with its bytes. */
async function contentOf(dataDir: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) content[path] = (await readFile(path)).toString('base64')
  }
  return content
}
