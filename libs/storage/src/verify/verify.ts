import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { PARTITION_COUNT, partitionOf, US_PER_DAY } from '@ib-stream/model'
import { isMissing, StorageError } from '../errors.ts'
import { BACKENDS, type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles, listDays, listEventsFiles } from '../layout/list-days.ts'
import { manifestPath } from '../layout/manifest-path.ts'
import { listSealedDays, listSealedFiles, listSealedSeries, SEALED_FOLDER, sealedThatCount } from '../layout/sealed-path.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { checkFile, type DamageFound } from './check-file.ts'
import { checkSealedFile } from './check-sealed.ts'
import { type DayFacts, dayOfFile, type FileFacts, factsOf, partitionOfFile, readDayFacts } from './facts.ts'

export interface VerifyOptions {
  dataDir: string
  /** Default: all. */
  backends?: readonly Backend[]
  /** Default: all. */
  partitions?: readonly PartitionId[]
  /** Only the UTC days of `ts` that this range touches, [startUs, endUs) in µs. Default: all. */
  startUs?: number
  endUs?: number
  /** Told of each thing as it is found. */
  onDamage?: (damage: DamageFound) => void
  onUnreachable?: (unreachable: Unreachable) => void
  /** Told after each day of a backend. */
  onProgress?: (progress: Readonly<VerifyCounts>) => void
  /** Looked at before each file; its reason is thrown. */
  signal?: AbortSignal
}

/** What could not be looked at, so nothing can be said of it. */
export interface Unreachable {
  path: string
  reason: string
}

export interface VerifyCounts {
  files: number
  bytes: number
  /** Files that neither manifest nor checkpoint vouches for (older than manifests): their records were read, but a changed value would not show. */
  notVouchedFiles: number
}

export interface VerifyReport extends VerifyCounts {
  damage: readonly DamageFound[]
  unreachable: readonly Unreachable[]
}

/**
 * Looks at every file of a tree and holds it to what checkpoint and manifest say of it. Takes no lock and changes nothing; beside a running writer whatever
 * seems wrong is looked at again under newer facts, until they stand still. Memory: the manifests of one day.
 * @throws StorageError `IBS_STORAGE_TREE_MISSING` where there is no tree to look at; `signal.reason`
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { dataDir, backends = [...BACKENDS, SEALED_BACKEND], onProgress } = options
  await assertTree(dataDir)
  const verification = new Verification(options)
  for (const backend of backends) {
    for (const dayUs of await verification.daysOf(backend)) {
      await verification.lookAtDay(backend, dayUs)
      onProgress?.(verification)
    }
    if (backend === SEALED_BACKEND) await verification.lookAtSealed()
  }
  const { files, bytes, notVouchedFiles, damage, unreachable } = verification
  return { files, bytes, notVouchedFiles, damage, unreachable }
}

/** @throws StorageError `IBS_STORAGE_TREE_MISSING` */
export async function assertTree(dataDir: string): Promise<void> {
  const found = await Promise.all([...BACKENDS, SEALED_BACKEND, '.state', 'events'].map((name) => isThere(join(dataDir, name))))
  if (found.includes(true)) return
  throw new StorageError('IBS_STORAGE_TREE_MISSING', `${dataDir} holds no recording; name the folder that DATA_DIR names`, { dataDir })
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

const PARTITIONS: readonly PartitionId[] = [...Array.from({ length: PARTITION_COUNT }, (_, p) => p), 'events']

/** A writer changes what is said of one file some times a minute at most. */
const LOOKS = 8
const LOOK_AGAIN_MS = 50

class Verification implements VerifyReport {
  files = 0
  bytes = 0
  notVouchedFiles = 0
  readonly damage: DamageFound[] = []
  readonly unreachable: Unreachable[] = []
  readonly #options: VerifyOptions
  /** Durable checkpoints that were found damaged or missing are said once. */
  readonly #saidOf = new Set<string>()

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  get #partitions(): readonly PartitionId[] {
    return this.#options.partitions ?? PARTITIONS
  }

  /** Days of files, of manifests, and of files that a checkpoint lists though they are gone. */
  async daysOf(backend: Backend): Promise<number[]> {
    const { dataDir, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY } = this.#options
    const days = new Set(await listDays(dataDir, backend))
    if (backend === 'json') for (const path of await listEventsFiles(dataDir)) days.add(dayOfFile(path))
    for (const partition of this.#partitions) {
      const { checkpoint } = await this.#factsOf(backend, partition, 0)
      if (checkpoint !== undefined && checkpoint !== 'unreadable')
        for (const path of Object.keys(checkpoint.files)) days.add(dayOfFile(path))
      else if (checkpoint === 'unreadable') this.#sayCheckpoint(backend, partition, 'cannot be read')
    }
    return [...days].filter((dayUs) => dayUs + US_PER_DAY > startUs && dayUs < endUs).sort((a, b) => a - b)
  }

  async lookAtDay(backend: Backend, dayUs: number): Promise<void> {
    const byPartition = new Map<PartitionId, Set<string>>(this.#partitions.map((partition) => [partition, new Set()]))
    const add = (path: string) => {
      const partition = dayOfFile(path) === dayUs ? partitionOfFile(path) : undefined
      if (partition !== undefined && (partition !== 'events' || backend === 'json')) byPartition.get(partition)?.add(path)
    }
    await this.#reach(backend, async () => {
      for (const { path } of await listDayFiles(this.#options.dataDir, backend, dayUs)) add(path)
      if (backend === 'json') for (const path of await listEventsFiles(this.#options.dataDir)) add(path)
    })
    for (const [partition, paths] of byPartition) {
      await this.#reach(manifestPath({ backend, partition, dayUs }), async () => {
        const facts = await this.#steadyManifest(backend, partition, dayUs)
        const { checkpoint, manifest } = facts
        for (const path of manifest.entries.keys()) add(path)
        if (checkpoint !== undefined && checkpoint !== 'unreadable') for (const path of Object.keys(checkpoint.files)) add(path)
        if (checkpoint === undefined && [...manifest.entries.values()].some(({ lastSeq }) => lastSeq > 0)) {
          this.#sayCheckpoint(backend, partition, 'is gone, though its manifests are there')
        }
        for (const path of paths) await this.#lookAtFile(path, facts, () => this.#factsOf(backend, partition, dayUs))
      })
    }
  }

  /** Sealed files say themselves what is in them. */
  async lookAtSealed(): Promise<void> {
    const { dataDir, startUs = 0, endUs = Number.MAX_SAFE_INTEGER } = this.#options
    await this.#reach(SEALED_FOLDER, async () => {
      for (const series of await listSealedSeries(dataDir)) {
        if (!this.#partitions.includes(partitionOf(series.cid))) continue
        for (const day of await listSealedDays(dataDir, series, { startUs, endUs })) {
          for (const { path } of sealedThatCount(await listSealedFiles(dataDir, day))) await this.#lookAtSealedFile(path)
        }
      }
    })
  }

  async #lookAtSealedFile(path: string): Promise<void> {
    this.#options.signal?.throwIfAborted()
    await this.#reach(path, async () => {
      const { damage, bytes } = await checkSealedFile(this.#options.dataDir, path)
      if (bytes === undefined) return // its day replaced it meanwhile
      this.files++
      this.bytes += bytes
      if (damage !== undefined) this.#say({ path, ...damage })
    })
  }

  async #lookAtFile(path: string, dayFacts: DayFacts, again: () => Promise<DayFacts>): Promise<void> {
    this.#options.signal?.throwIfAborted()
    await this.#reach(path, async () => {
      let facts = factsOf(dayFacts, path)
      this.files++
      for (let looks = 1; ; looks++) {
        const { damage, bytes, vouched } = await checkFile(this.#options.dataDir, path, facts)
        this.bytes += bytes
        if (damage === undefined) {
          if (!vouched && bytes > 0) this.notVouchedFiles++
          return
        }
        if (looks > 1) await wait(LOOK_AGAIN_MS, undefined, { signal: this.#options.signal })
        const newer = factsOf(await again(), path)
        if (isSteady(facts, newer)) return this.#say({ path, ...damage })
        if (looks === LOOKS) throw new Error(`it changed each of the ${LOOKS} times that it was looked at; try again`)
        facts = newer
      }
    })
  }

  /** Between listing and committing a manifest ends in half a line for a moment. */
  async #steadyManifest(backend: Backend, partition: PartitionId, dayUs: number): Promise<DayFacts> {
    let facts = await this.#factsOf(backend, partition, dayUs)
    for (let looks = 1; looks < LOOKS && facts.manifest.damage.length > 0; looks++) {
      await wait(LOOK_AGAIN_MS, undefined, { signal: this.#options.signal })
      const newer = await this.#factsOf(backend, partition, dayUs)
      const same = JSON.stringify(newer.manifest.damage) === JSON.stringify(facts.manifest.damage)
      facts = newer
      if (same) break
    }
    for (const { path, offsetBytes, bytes } of facts.manifest.damage) {
      this.#say({ path, kind: 'manifest', detail: `a line of ${bytes} bytes at byte ${offsetBytes} cannot be read` })
    }
    return facts
  }

  #factsOf(backend: Backend, partition: PartitionId, dayUs: number): Promise<DayFacts> {
    return readDayFacts({ dataDir: this.#options.dataDir, backend, partition, dayUs })
  }

  #sayCheckpoint(backend: Backend, partition: PartitionId, detail: string): void {
    const path = statePaths(backend, partition).durable
    if (this.#saidOf.has(path)) return
    this.#saidOf.add(path)
    this.#say({ path, kind: 'checkpoint', detail })
  }

  #say(damage: DamageFound): void {
    this.damage.push(damage)
    this.#options.onDamage?.(damage)
  }

  /** What the system does not let us look at is said, and the rest is looked at all the same. */
  async #reach(path: string, look: () => Promise<void>): Promise<void> {
    try {
      await look()
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      const unreachable = { path, reason: Error.isError(error) ? error.message : String(error) }
      this.unreachable.push(unreachable)
      this.#options.onUnreachable?.(unreachable)
    }
  }
}

/** True where nothing was said anew in between that could explain what was seen; a listed file that only grew on explains nothing. */
function isSteady(before: FileFacts, after: FileFacts): boolean {
  const entryOf = ({ entry }: FileFacts) => JSON.stringify(entry)
  if (entryOf(before) !== entryOf(after) || before.owed !== after.owed) return false
  if (before.committedBytes === undefined || after.committedBytes === undefined) return before.committedBytes === after.committedBytes
  return after.committedBytes >= before.committedBytes
}
