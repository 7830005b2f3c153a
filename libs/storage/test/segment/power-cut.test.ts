import { codeOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseManifestPath } from '../../src/layout/manifest-path.ts'
import type { ManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { decodeManifest } from '../../src/manifest/read-manifest.ts'
import { openPartitionStoreOn, type PartitionStore } from '../../src/segment/partition-store.ts'
import { type Gate, gatedDisk, systemError } from './failing-disk.ts'
import { judgeManifests } from './judge-manifests.ts'
import { type Fate, MemoryDisk } from './memory-disk.ts'
import { filesAt, messageAt } from './numbered-log.ts'

interface Failure {
  after: number
  code: 'KILLED' | 'ENOSPC' | 'EIO'
}

type Step =
  | { do: 'take'; messages: number }
  | { do: 'visible' | 'durable'; failure?: Failure | undefined }
  | { do: 'retain'; files: number; failure?: Failure | undefined }
  | { do: 'kill' }
  | { do: 'power cut'; fates: readonly ('old' | 'new' | 'torn')[] }

const failure = fc.option(fc.record({ after: fc.nat(40), code: fc.constantFrom('KILLED' as const, 'ENOSPC' as const, 'EIO' as const) }), {
  nil: undefined,
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), messages: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('visible' as const, 'durable' as const), failure }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retain' as const), files: fc.integer({ min: 1, max: 6 }), failure }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('power cut' as const),
      fates: fc.array(fc.constantFrom('old' as const, 'new' as const, 'torn' as const), { minLength: 1, maxLength: 12 }),
    }),
  },
)

/** One partition on a disk that can lose everything that was not synced, followed by a judge. */
class World {
  readonly disk = new MemoryDisk()
  #bootId = 1
  #gate: Gate = () => undefined
  #store: PartitionStore | undefined
  /** What no kill, and what no power cut, may take back. */
  #visibleSeq = 0
  #removals = 0
  #durableSeq = 0
  readonly retained = new Retained()
  /** Manifest entries at the last look. */
  entries = 0

  async store(): Promise<PartitionStore> {
    if (this.#store !== undefined) return this.#store
    const store = await this.reopened()
    expect(store.seq).toBeGreaterThanOrEqual(this.#visibleSeq)
    this.retained.judge(withoutEmpty(this.disk.files()), store.seq)
    this.entries = await judgeManifests(this.disk, `boot ${this.#bootId}`, '.state/json/checkpoints/09.durable.json')
    this.#visibleSeq = store.state.committedSeq
    this.#store = store
    return store
  }

  reopened(): Promise<PartitionStore> {
    const lock = { check: async () => undefined, release: async () => undefined }
    const disk = gatedDisk(this.disk, (call, path) => this.#gate(call, path))
    return openPartitionStoreOn({
      disk,
      lock,
      bootId: `boot ${this.#bootId}`,
      backend: 'json',
      partition: 9,
      source: { spoolId: 'spool', source: 'simulator' },
    })
  }

  async run(step: Step): Promise<void> {
    const store = await this.store()
    switch (step.do) {
      case 'take':
        for (let i = 0; i < step.messages; i++) take(store, store.seq + 1)
        return
      case 'kill':
        this.#store = undefined
        return
      case 'power cut':
        this.powerCut(step.fates)
        return
      case 'retain':
        return this.#retain(store, step)
      default:
        return this.#commit(store, step)
    }
  }

  async #retain(store: PartitionStore, { files, failure }: Extract<Step, { do: 'retain' }>): Promise<void> {
    const entries = (await closedEntries(this.disk)).slice(0, files)
    const paths = entries.map(({ path }) => path)
    const { committedSeq } = store.state
    if (failure) this.#gate = failingGate(this.disk, failure)
    const outcome = await store.removeFiles(entries, 1 + this.#removals++).then(
      (removed) => removed.map(({ path }) => path),
      (error: unknown) => codeOf(error),
    )
    this.#gate = () => undefined
    if (Array.isArray(outcome)) {
      this.retained.went(outcome, committedSeq)
      this.#durableSeq = outcome.length > 0 ? committedSeq : this.#durableSeq
      return
    }
    this.retained.mayHaveGone(paths, committedSeq)
    if (failure?.code === 'KILLED' || outcome === 'IBS_STORAGE_SYNC_FAILED') this.#store = undefined
    else expect(outcome).toBe('IBS_STORAGE_WRITE_FAILED')
    if (outcome === 'IBS_STORAGE_SYNC_FAILED') this.#visibleSeq = this.#durableSeq
  }

  async #commit(store: PartitionStore, step: Extract<Step, { do: 'visible' | 'durable' }>): Promise<void> {
    if (step.failure) this.#gate = failingGate(this.disk, step.failure)
    const outcome = await (step.do === 'visible' ? store.commitVisible() : store.commitDurable()).then(
      () => 'done',
      (error: unknown) => codeOf(error),
    )
    this.#gate = () => undefined
    if (step.failure?.code === 'KILLED' && outcome !== 'done') this.#store = undefined
    else if (outcome === 'IBS_STORAGE_SYNC_FAILED') {
      this.#store = undefined
      this.#visibleSeq = this.#durableSeq // the only failure that may take a visible commit back
    } else if (outcome === 'done') {
      this.#visibleSeq = store.seq
      if (step.do === 'durable') this.#durableSeq = store.seq
      expect(store.pendingBytes).toBe(0)
    } else expect(outcome).toBe('IBS_STORAGE_WRITE_FAILED')
  }

  powerCut(fates: readonly ReturnType<Fate>[]): void {
    let asked = 0
    this.disk.powerCut(() => fates[asked++ % fates.length] ?? 'old')
    this.#store = undefined
    this.#bootId++
    this.#visibleSeq = this.#durableSeq
  }
}

/** Which files retention took, and at which message: a file holds what came after one of these. */
class Retained {
  readonly #after = new Map<string, Set<number>>()

  went(paths: readonly string[], seq: number): void {
    for (const path of paths) this.#after.set(path, new Set([seq]))
  }

  mayHaveGone(paths: readonly string[], seq: number): void {
    for (const path of paths) this.#after.set(path, new Set([...(this.#after.get(path) ?? [0]), seq]))
  }

  /** What is found is from then on what is so. */
  judge(found: Map<string, string>, seq: number): void {
    const plain = new Map([...filesAt(seq)].filter(([path]) => !this.#after.has(path)))
    expect(new Map([...found].filter(([path]) => !this.#after.has(path)))).toEqual(plain)
    for (const [path, after] of this.#after) {
      const text = found.get(path) ?? ''
      const fits = [...after].filter((from) => textAfter(path, from, seq) === text)
      expect({ path, text, fits: fits.length > 0 }).toEqual({ path, text, fits: true })
      this.#after.set(path, new Set(fits))
    }
  }
}

function textAfter(path: string, from: number, seq: number): string {
  let text = ''
  for (let n = from + 1; n <= seq; n++) for (const part of messageAt(n).parts) if (part.path === path) text += Buffer.from(part.bytes)
  return text
}

/** Newest entries of files that are there, oldest first; those that are listed again are among them. */
async function closedEntries(disk: MemoryDisk): Promise<ManifestEntry[]> {
  const entries = new Map<string, ManifestEntry>()
  for (const path of disk.paths().filter(parseManifestPath).sort()) {
    for (const [file, entry] of decodeManifest(path, disk.bytesOf(path) ?? new Uint8Array(0)).entries) entries.set(file, entry)
  }
  return [...entries.values()].filter(({ removedUs }) => removedUs === undefined).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Files that were listed and made, and whose first byte never came. */
const withoutEmpty = (files: Map<string, string>): Map<string, string> => new Map([...files].filter(([, text]) => text !== ''))

function take(store: PartitionStore, seq: number): void {
  const { newestStUs, parts } = messageAt(seq)
  for (const { path, bytes } of parts) store.append(path, bytes)
  store.advance(seq, newestStUs)
}

/** A killed process does nothing more; a full disk refuses writes, a bad one its syncs, for the rest of this commit. */
function failingGate(disk: MemoryDisk, { after, code }: { after: number; code: string }): Gate {
  let calls = 0
  return (call, path) => {
    if (calls++ < after) return
    if (code === 'KILLED') throw systemError(code)
    if (code === 'ENOSPC' && (call === 'write' || call === 'writeText' || call === 'makeFolder')) throw systemError(code)
    if (code === 'EIO' && (call === 'syncFile' || call === 'syncFolder')) {
      disk.loseUnsynced(path)
      throw systemError(code)
    }
  }
}

describe('a partition store on a disk that fails', () => {
  it('property: recovers to whole messages, none twice, none missing, no older than its last commit that must hold, manifests included', async () => {
    let entries = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
        const world = new World()
        for (const each of steps) await world.run(each)
        await world.run({ do: 'durable' })
        await world.run({ do: 'power cut', fates: ['old'] })
        await world.store()
        entries += world.entries
      }),
      { numRuns: 1500 },
    )
    expect(entries).toBeGreaterThan(700) // hours did close
  }, 120_000)

  it('makes a file that somebody else left there durable before it vouches for its length', async () => {
    const world = new World()
    const path = messageAt(1).parts[0]?.path ?? ''
    await world.disk.makeFolder(path.slice(0, path.lastIndexOf('/')))
    await world.disk.write(path, Buffer.from('imported, not synced\n'), 0)
    const store = await world.reopened()
    take(store, 1)
    await store.commitVisible()
    world.powerCut(['old'])
    expect((await world.reopened()).seq).toBe(0)
    expect(world.disk.files().get(path)).toBe('imported, not synced\n')
  })
})
