import { lstat, mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises'
import { join, normalize, resolve, sep } from 'node:path'
import { hourOf, TICK_TYPES, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseManifestPath } from '../../src/layout/manifest-path.ts'
import { endOfFileUs, parseEventsPath, parseSegmentPath, segmentPath } from '../../src/layout/segment-path.ts'
import { partitionOfName, statePaths } from '../../src/layout/state-path.ts'
import { openRange } from '../../src/query/open-range.ts'
import { repair } from '../../src/repair/repair.ts'
import { retain } from '../../src/retention/retain.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { verify } from '../../src/verify/verify.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, openStore, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { jsonForADay } from '../retention-tree.ts'

const REFUSED = 'IBS_STORAGE_LINK_REFUSED'
const PER_HOUR = 10
const TICKS = 5 * PER_HOUR

/** A recording of which a part lies elsewhere, behind a link at its old place. */
async function withLinkAt(path: string) {
  const at = await temporaryDataDir()
  const dataDir = join(at.dataDir, 'data')
  const outside = join(at.dataDir, 'outside')
  await mkdir(dataDir)
  await recordTree(dataDir, { ticks: TICKS, perHour: PER_HOUR })
  await rename(join(dataDir, path), outside)
  await symlink(outside, join(dataDir, path))
  const before = await contentOf(outside)
  return Object.assign(at, { dataDir, isUntouched: async () => expect(await contentOf(outside)).toEqual(before) })
}

async function contentOf(path: string): Promise<Record<string, string>> {
  if ((await lstat(path)).isFile()) return { '': await readFile(path, 'latin1') }
  const content: Record<string, string> = {}
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name)
    content[name] = entry.isFile() ? await readFile(name, 'latin1') : ''
  }
  return content
}

async function query(dataDir: string): Promise<TickMessage[]> {
  const range = { startUs: START_US - US_PER_DAY, endUs: START_US + US_PER_DAY, backends: ['json'] as const }
  await using opened = await openRange({ dataDir, cids: [CID], tts: TICK_TYPES, ...range })
  const ticks: TickMessage[] = []
  for await (const batch of opened.batches()) ticks.push(...batch)
  return ticks
}

describe('a link among the recordings', () => {
  it.each([['json'], ['json/2025'], ['json/2025/07'], ['json/2025/07/30'], ['json/2025/07/30/15'], [fileAt('json', 1)]])(
    'at %s is refused by name: nothing behind it is read, written or removed',
    async (path) => {
      await using at = await withLinkAt(path)
      const { dataDir } = at
      await expect(query(dataDir)).rejects.toMatchObject({ code: REFUSED, message: expect.stringContaining(path) })
      const { unreachable } = await verify({ dataDir }).catch((error: unknown) => ({ unreachable: [{ reason: String(error) }] }))
      expect(unreachable.map(({ reason }) => reason).join()).toContain(`${REFUSED}: ${path}`)
      expect(await outcomeOf(compareBackends({ dataDir, backends: ['json', 'pb'] }))).toBe(REFUSED)
      await outcomeOf(repair({ dataDir }))
      await outcomeOf(retain({ ...jsonForADay(dataDir), unconfirmed: true }))
      await using store = await openStore(dataDir, 'json').catch(() => undefined)
      if (store)
        takeTick(store, 'json', TICKS + 1, {
          ...tickAt(TICKS, PER_HOUR),
          ts: START_US + US_PER_HOUR,
          tt: 'mid_point',
          mp: 1,
        } as TickMessage)
      if (store) expect(['done', REFUSED, 'IBS_STORAGE_WRITE_FAILED']).toContain(await outcomeOf(store.commitDurable()))
      await at.isUntouched()
    },
  )

  it('may be DATA_DIR itself', async () => {
    await using at = await temporaryDataDir()
    await mkdir(join(at.dataDir, 'real'))
    await symlink(join(at.dataDir, 'real'), join(at.dataDir, 'data'))
    const dataDir = join(at.dataDir, 'data')
    const ticks = await recordTree(dataDir, { ticks: TICKS, perHour: PER_HOUR })
    expect(await query(dataDir)).toHaveLength(ticks.length)
    expect(await verify({ dataDir })).toMatchObject({ damage: [], unreachable: [] })
  })
})

describe('a path that is taken for one of ours', () => {
  const isInside = (path: string) => normalize(path) === path && resolve('/data', path).startsWith(`/data${sep}`)
  const piece = fc.oneof(
    fc.constantFrom('..', '.', '', '/', '\\', 'json', 'pb', 'events', '.state', 'manifest', '2025', '07', '30', '14', '%2e%2e', '\0', '\n'),
    fc.constantFrom('8314_last_1753884000.jsonl', '8314_last_1753884000.pb', '2025-07-30.jsonl', '2025-07-30', '09.jsonl'),
    fc.string({ maxLength: 6 }),
  )

  it('property: lies in DATA_DIR, whatever it is made of', () => {
    const sane = ['json', '2025', '07', '30', '14', '8314_last_1753884000.jsonl']
    const spoilt = fc.tuple(fc.nat(5), piece).map(([at, other]) => sane.with(at, other))
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(fc.array(piece, { maxLength: 8 }), spoilt), (pieces) => {
        const path = pieces.join('/')
        const all = [parseSegmentPath(path)?.path, parseManifestPath(path) && path, endOfFileUs(path) && path]
        if (parseEventsPath(path) !== undefined) all.push(path)
        for (const one of all) {
          if (one === undefined || one === 0) continue
          taken++
          expect({ path: one, inside: isInside(String(one)) }).toEqual({ path: one, inside: true })
        }
      }),
      { numRuns: 5_000 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  it('property: is made only of contracts, hours and partitions that can be', () => {
    const anything = fc.oneof(fc.integer(), fc.double(), fc.constantFrom('../../etc', '9/../..', Number.NaN, -1, 2 ** 60))
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const makers = [
          () => segmentPath({ backend: 'json', cid: a as number, tt: 'last', hourUs: hourOf(b as number) }),
          () => statePaths('json', a as number).lock,
          () => statePaths('json', (partitionOfName(String(b)) ?? -1) as number).durable,
        ]
        for (const make of makers) {
          try {
            expect(isInside(make())).toBe(true)
          } catch (error) {
            if (!/IBS_STORAGE_PATH_INVALID|Invalid time value|RangeError/.test(String(error))) throw error
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
