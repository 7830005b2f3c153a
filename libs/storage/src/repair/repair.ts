import { partitionOf } from '@ib-stream/model'
import { lockBackends } from '../import/lock-backends.ts'
import { BACKENDS, type Backend, extensionOf, folderOf, HOUSE_BACKENDS, type HouseBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles } from '../layout/list-days.ts'
import { manifestPath, parseManifestPath } from '../layout/manifest-path.ts'
import { hasArchive, parseSealedPath } from '../layout/sealed-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { type ManifestEntry, missingTicks } from '../manifest/manifest-entry.ts'
import { closesBefore } from '../segment/closed-files.ts'
import { type Disk, nodeDisk } from '../segment/disk.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import { checkFile, type DamageFound, type DamageKind } from '../verify/check-file.ts'
import { type DayFacts, dayOfFile, factsOf, partitionOfFile, readDayFacts } from '../verify/facts.ts'
import { assertTree, type Unreachable, verify } from '../verify/verify.ts'
import { type ManifestDay, mendManifest } from './mend-manifest.ts'
import { mendSealed } from './mend-sealed.ts'
import { planEvents } from './plan-events.ts'
import { type FilePlan, type OtherFile, planFile, type RepairWord } from './plan-file.ts'
import { type ReplaceGround, replaceFile } from './replace-file.ts'
import { unnamedHours } from './unnamed-hours.ts'
import { unnamedSealed } from './unnamed-sealed.ts'

export interface RepairOptions {
  dataDir: string
  /** Only the UTC days of `ts` that this range touches, [startUs, endUs) in µs. Default: all. */
  startUs?: number
  endUs?: number
  /** Decide everything, write nothing. */
  dryRun?: boolean
  /** Told of each damage once it is done with. */
  onOutcome?: (outcome: RepairOutcome) => void
  /** Looked at before each file; its reason is thrown. */
  signal?: AbortSignal
}

/** One damage that `verify` found, and what was done about it (in a dry run: would be). */
export interface RepairOutcome {
  path: string
  kind: DamageKind
  did: RepairWord
  /** In words, with numbers. */
  detail: string
  /** Where the file as it was is kept, relative to DATA_DIR. */
  keptIn?: string
}

export interface RepairReport {
  outcomes: readonly RepairOutcome[]
  unreachable: readonly Unreachable[]
}

/**
 * Mends what `verify` finds wrong in closed hours, and fills those that only another backend has; sealed files are made anew from open ones; every file that is replaced is kept in `.state/<backend>/damaged/`. Killed at any moment each file is the
 * old one or the new one, and the next repair goes on. Memory: manifests of one day; the ticks of an hour that no sum can prove.
 * @throws StorageError `IBS_STORAGE_BACKEND_IN_USE` while a writer holds a lock, `IBS_STORAGE_TREE_MISSING`; `signal.reason`
 */
export function repair(options: RepairOptions): Promise<RepairReport> {
  return repairOn(nodeDisk(options.dataDir), options)
}

/** As `repair`; tests give a disk that fails. */
export async function repairOn(disk: Disk, options: RepairOptions): Promise<RepairReport> {
  const { dataDir, startUs, endUs, signal, dryRun = false } = options
  await assertTree(dataDir) // before any lock file is made
  await using locks = await lockBackends(dataDir, await repairableBackends(dataDir), { makeFiles: !dryRun, events: true })
  const range = { ...(startUs === undefined ? {} : { startUs }), ...(endUs === undefined ? {} : { endUs }) }
  const { damage, unreachable } = await verify({ dataDir, ...range, ...(signal ? { signal } : {}) })
  const unnamed = [
    ...(await unnamedHours(disk, { dataDir, backends: BACKENDS, ...range })),
    ...(await unnamedSealed({ dataDir, ...range })),
  ]
  const repairing = new Repairing({ disk, checkLocks: () => locks.check() }, { ...options, dryRun }, [...damage, ...unnamed])
  await repairing.run()
  return { outcomes: repairing.outcomes, unreachable }
}

/** Backends whose files `repair` mends: the archive only where there is one. */
export async function repairableBackends(dataDir: string): Promise<readonly HouseBackend[]> {
  return (await hasArchive(dataDir)) ? HOUSE_BACKENDS : BACKENDS
}

/**
 * As `repair`, for the files of one partition of one backend, by whoever holds its lock; what it takes from another backend it only reads.
 * @throws what `verify` throws
 */
export async function repairPartition(
  { disk, backend, partition, checkLocks }: PartitionWork,
  options: RepairOptions,
): Promise<RepairReport> {
  const { dataDir, startUs, endUs, signal, dryRun = false } = options
  const range = { ...(startUs === undefined ? {} : { startUs }), ...(endUs === undefined ? {} : { endUs }) }
  const found = await verify({ dataDir, backends: [backend], partitions: [partition], ...range, ...(signal ? { signal } : {}) })
  const query = { dataDir, partitions: [partition], ...range }
  const unnamed = backend === SEALED_BACKEND ? await unnamedSealed(query) : await unnamedHours(disk, { ...query, backends: [backend] })
  const repairing = new Repairing({ disk, checkLocks }, { ...options, dryRun }, [...found.damage, ...unnamed])
  await repairing.run()
  return { outcomes: repairing.outcomes, unreachable: found.unreachable }
}

class Repairing {
  readonly outcomes: RepairOutcome[] = []
  readonly #ground: ReplaceGround
  readonly #options: RepairOptions
  readonly #damage: readonly DamageFound[]

  constructor(ground: ReplaceGround, options: RepairOptions, damage: readonly DamageFound[]) {
    this.#ground = ground
    this.#options = options
    this.#damage = damage
  }

  /** A partition whose checkpoint is gone cannot be touched: what it lists may be longer than its manifest says. */
  async run(): Promise<void> {
    const lost = new Set(this.#damage.filter(({ kind }) => kind === 'checkpoint').map(({ path }) => path))
    for (const path of lost) this.#say({ path, kind: 'checkpoint', did: 'left', detail: ofCheckpoint(path) })
    for (const { day, found } of byDay(this.#damage)) {
      const { durable } = statePaths(day.backend, day.partition)
      if (!lost.has(durable)) await this.#mendDay(day, found)
      else for (const { path, kind } of found) this.#say({ path, kind, did: 'left', detail: `${durable} has to be mended first` })
    }
    for (const found of this.#damage) await this.#mendSealed(found, lost)
  }

  async #mendSealed(found: DamageFound, lost: ReadonlySet<string>): Promise<void> {
    const place = parseSealedPath(found.path)
    if (place === undefined) return
    const { dataDir, dryRun = false, signal } = this.#options
    signal?.throwIfAborted()
    const { durable } = statePaths(SEALED_BACKEND, partitionOf(place.cid))
    const { path, kind } = found
    if (lost.has(durable)) this.#say({ path, kind, did: 'left', detail: `${durable} has to be mended first` })
    else this.#say(await mendSealed(this.#ground, { dataDir, dryRun }, found))
  }

  /** Files first, then the manifest that speaks of them: in between it still says that something is wrong. */
  async #mendDay(day: ManifestDay, found: readonly DamageFound[]): Promise<void> {
    const facts = await readDayFacts({ dataDir: this.#options.dataDir, ...day })
    const entered: { outcome: RepairOutcome; entry: ManifestEntry }[] = []
    const ofManifest = found.find(({ kind }) => kind === 'manifest')
    const files = found.filter(({ kind }) => kind !== 'manifest')
    if (ofManifest) files.push(...(await this.#withoutEntry(day, facts, files)))
    for (const { path, kind } of files) {
      this.#options.signal?.throwIfAborted()
      const { entry, ...outcome } = await this.#mendFile(day, facts, { path, kind })
      if (entry) entered.push({ outcome, entry })
      else this.#say(outcome)
    }
    if (entered.length > 0 || ofManifest) await this.#mendManifestOf(day, entered, ofManifest)
  }

  async #mendFile(
    day: ManifestDay,
    facts: DayFacts,
    { path, kind }: { path: string; kind: DamageKind },
  ): Promise<RepairOutcome & { entry?: ManifestEntry }> {
    try {
      const { did, detail, write, entry } = await this.#plan(facts, path, kind)
      const outcome = { path, kind, did, detail, ...(entry ? { entry } : {}) }
      if (write === undefined || this.#options.dryRun) return outcome
      const keptIn = await replaceFile(this.#ground, day.backend, path, write)
      return keptIn === undefined ? outcome : { ...outcome, keptIn }
    } catch (error) {
      return { path, kind, did: 'left', detail: messageOf(error) }
    }
  }

  async #plan(dayFacts: DayFacts, path: string, kind: DamageKind): Promise<FilePlan> {
    const ground = { disk: this.#ground.disk, dataDir: this.#options.dataDir }
    const facts = factsOf(dayFacts, path)
    if (partitionOfFile(path) === 'events') return planEvents(ground, path, kind, facts.committedBytes !== undefined)
    return planFile(ground, path, facts, await this.#otherOf(path))
  }

  async #otherOf(path: string): Promise<OtherFile | undefined> {
    const { dataDir } = this.#options
    const segment = parseSegmentPath(path)
    const backend = BACKENDS.find((each) => each !== segment?.backend)
    const partition = partitionOfFile(path)
    if (segment === undefined || backend === undefined || partition === undefined) return undefined
    const other = `${backend}${path.slice(folderOf(segment.backend).length, -extensionOf(segment.backend).length)}${extensionOf(backend)}`
    if ((await this.#ground.disk.size(other)) === undefined) return undefined
    const dayFacts = await readDayFacts({ dataDir, backend, partition, dayUs: dayOfFile(other) })
    const facts = factsOf(dayFacts, other)
    const isClosed = facts.committedBytes === undefined && closedBy(dayFacts, other)
    const isAll = isClosed && facts.entry !== undefined && missingTicks(facts.entry) === 0
    const isWhole = isAll && (await checkFile(dataDir, other, facts)).damage === undefined
    return { path: other, wholeBy: isWhole ? facts.entry : undefined }
  }

  /** Closed files whose entry may have been in a line that cannot be read; imported ones are not asked for by `verify`. */
  async #withoutEntry(day: ManifestDay, facts: DayFacts, known: readonly DamageFound[]): Promise<DamageFound[]> {
    const named = new Set(known.map(({ path }) => path))
    const segments = await listDayFiles(this.#options.dataDir, day.backend, day.dayUs)
    return segments
      .map(({ path }) => path)
      .filter((path) => partitionOfFile(path) === day.partition && !named.has(path) && closedBy(facts, path))
      .filter((path) => factsOf(facts, path).entry === undefined && factsOf(facts, path).committedBytes === undefined)
      .map((path) => ({ path, kind: 'no_entry', detail: '' }))
  }

  async #mendManifestOf(
    day: ManifestDay,
    entered: readonly { outcome: RepairOutcome; entry: ManifestEntry }[],
    damage: DamageFound | undefined,
  ): Promise<void> {
    let kept: string | undefined
    let failure: string | undefined
    try {
      const entries = entered.map(({ entry }) => entry)
      if (!this.#options.dryRun) kept = await mendManifest(this.#ground, day, entries)
    } catch (error) {
      failure = messageOf(error)
    }
    for (const { outcome } of entered) {
      this.#say(
        failure === undefined
          ? outcome
          : { ...outcome, did: 'left', detail: `${outcome.detail}, but its manifest could not be written: ${failure}` },
      )
    }
    if (damage === undefined) return
    const { path, kind } = damage
    const detail = failure ?? `${entered.length} entries are new, lines that cannot be read are out`
    this.#say({ path, kind, did: failure === undefined ? 'rebuilt' : 'left', detail, ...(kept === undefined ? {} : { keptIn: kept }) })
  }

  #say(outcome: RepairOutcome): void {
    this.outcomes.push(outcome)
    this.#options.onOutcome?.(outcome)
  }
}

/** What was found, by the manifest that speaks of it. */
function byDay(damage: readonly DamageFound[]): { day: ManifestDay; found: DamageFound[] }[] {
  const days = new Map<string, { day: ManifestDay; found: DamageFound[] }>()
  for (const each of damage) {
    const day = dayOfDamage(each)
    if (day === undefined) continue
    const key = manifestPath(day)
    const known = days.get(key) ?? { day, found: [] }
    known.found.push(each)
    days.set(key, known)
  }
  return [...days.values()]
}

function dayOfDamage({ path, kind }: DamageFound): ManifestDay | undefined {
  if (kind === 'checkpoint') return undefined
  if (kind === 'manifest') return parseManifestPath(path)
  const partition: PartitionId | undefined = partitionOfFile(path)
  const backend: Backend = parseSegmentPath(path)?.backend ?? 'json'
  return partition === undefined ? undefined : { backend, partition, dayUs: dayOfFile(path) }
}

/** Without a checkpoint there was no log that could add to it. */
function closedBy({ checkpoint }: DayFacts, path: string): boolean {
  if (checkpoint === 'unreadable') return false
  return checkpoint === undefined || closesBefore(path, checkpoint.newestStUs)
}

const messageOf = (error: unknown): string => (Error.isError(error) ? error.message : String(error))

function ofCheckpoint(path: string): string {
  const backend = path.split('/')[1]
  return `the writer of ${backend} makes it anew from the files and the log when it is started; then repair again`
}
