import { mkdir, mkdtemp, readdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { codeOf, PARTITION_COUNT, US_PER_HOUR } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { BACKENDS, HOUSE_BACKENDS, type HouseBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { parseManifestPath } from '../layout/manifest-path.ts'
import { hasArchive } from '../layout/sealed-path.ts'
import { type Disk, nodeDisk } from '../segment/disk.ts'
import { lockPartition } from '../segment/partition-lock.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { filesOf, findUnits, type Unit } from './find-units.ts'
import { type AskForImport, type HourSink, LockedSink, OwnersSink } from './hour-sink.ts'
import { HourSpool } from './hour-spool.ts'
import { HourWriter } from './hour-writer.ts'
import { type DoneUnit, digestOf, IMPORT_STATE, readDone } from './import-state.ts'
import { lockBackends } from './lock-backends.ts'
import { emptyReport, type ImportFault, type ImportProgress, type ImportReport } from './report.ts'
import { UnitReader } from './unit-reader.ts'

export interface ImportOptions {
  /** Files and folders of old recordings; they are only read. */
  sources: readonly string[]
  /** DATA_DIR that gets the ticks. */
  to: string
  /** The archive gets what it lacks in files that it has, all others files of their own. @default json and pb */
  backends?: readonly HouseBackend[]
  /** Hours that have recorded ticks, or ticks of another form, get what they lack; otherwise they are left alone and listed. */
  merge?: boolean
  /** Reads and decides everything, writes nothing. */
  dryRun?: boolean
  /** Reads sources again that an earlier run took in. */
  again?: boolean
  /** IANA zone of times that say none, where no other time beside them tells. */
  zone?: string
  signal?: AbortSignal
  onFault?(fault: ImportFault): void
  onProgress?(progress: ImportProgress): void
}

/**
 * Turns old recordings of any form into v3 files of their own beside what is recorded. Doing it twice is doing it once; a run that was killed is gone on with by
 * the next one, to the same files. Memory: the ticks of one hour of one contract, however large the sources; room on disk for the hours under way.
 * @throws StorageError `IBS_STORAGE_BACKEND_IN_USE` while a writer runs, `IBS_STORAGE_IMPORT_REFUSED` for sources or options that cannot be,
 * `IBS_STORAGE_SOURCE_MIXED` for a tree of the simulator
 */
export async function importTicks(options: ImportOptions): Promise<ImportReport> {
  const { to, backends = BACKENDS, dryRun = false } = options
  await assertSound(options)
  await using locks = await lockBackends(to, await backendsToLock(to, backends), { makeFiles: !dryRun })
  await assertFit(to)
  await assertNothingListed(to)
  const disk = nodeDisk(to)
  return await importInto(options, disk, new LockedSink(disk, to, () => locks.check()))
}

/**
 * As {@link importTicks}, beside running writers: the owner of each partition makes its files. An hour that is still recorded is left out.
 * @throws StorageError of both; what `ask` throws
 */
export async function importThroughOwners(options: ImportOptions & { ask: AskForImport }): Promise<ImportReport> {
  const { to, ask, merge = false } = options
  await assertSound(options)
  await assertFit(to)
  const disk = nodeDisk(to)
  return await importInto(options, disk, new OwnersSink(disk, { ask, merge }))
}

async function assertSound({ sources, to, backends = BACKENDS, zone }: ImportOptions): Promise<void> {
  assertZone(zone)
  if (backends.length === 0) throw refused('no backend is named; use some of json, pb and parquet')
  await assertApart(sources, to)
}

async function importInto(options: ImportOptions, disk: Disk, sink: HourSink): Promise<ImportReport> {
  const { sources, to, dryRun = false } = options
  await using _lock = dryRun ? undefined : await lockImport(to)
  const found = await findUnits(sources)
  const workFolder = dryRun ? await mkdtemp(join(tmpdir(), 'ib-stream-import-')) : join(to, IMPORT_STATE, 'work')
  const spool = await HourSpool.make(workFolder)
  try {
    return await new Import(options, { disk, sink, spool }, found.bytes).run(found.units)
  } finally {
    await spool.remove()
  }
}

interface Ground {
  disk: Disk
  sink: HourSink
  spool: HourSpool
}

class Import {
  readonly #options: ImportOptions
  readonly #report: ImportReport
  readonly #reader: UnitReader
  readonly #writer: HourWriter
  readonly #disk: Disk
  readonly #totalBytes: number
  #doneBytes = 0

  constructor(options: ImportOptions, { disk, sink, spool }: Ground, totalBytes: number) {
    const { to, backends = BACKENDS, merge = false, dryRun = false, zone, signal } = options
    this.#options = options
    this.#totalBytes = totalBytes
    this.#report = emptyReport(dryRun)
    this.#disk = disk
    const onFault = (fault: ImportFault) => options.onFault?.(fault)
    const onBytes = (bytes: number) => this.#tell(bytes)
    this.#reader = new UnitReader({ spool, report: this.#report, zone, signal, onFault, onBytes })
    this.#writer = new HourWriter({ spool, report: this.#report, disk, sink, dataDir: to, backends, merge, dryRun, onFault })
  }

  async run(units: readonly Unit[]): Promise<ImportReport> {
    for (const unit of units) {
      // an hour is made once the folders of the hour after it have been read: clocks differ
      await this.#writer.settle(unit.hourUs === undefined ? undefined : unit.hourUs - US_PER_HOUR)
      await this.#take(unit)
    }
    await this.#writer.settle(undefined)
    return this.#report
  }

  async #take(unit: Unit): Promise<void> {
    const { backends = BACKENDS, merge = false, again = false, dryRun = false, zone } = this.#options
    const files = await filesOf(unit)
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const digest = digestOf(files, { backends: [...backends].sort(), merge, zone })
    const done = again || dryRun ? undefined : await readDone(this.#disk, unit)
    if (done?.digest === digest) this.#skip(done)
    else {
      const { hours, faults } = await this.#reader.read(files)
      await this.#writer.expect(unit, { digest, files: files.length, bytes, faults }, hours)
    }
    this.#doneBytes += bytes
    this.#tell(0)
  }

  #skip({ files, bytes, faults }: DoneUnit): void {
    this.#report.known.files += files
    this.#report.known.bytes += bytes
    this.#report.known.faults += faults
  }

  #tell(bytesOfUnit: number): void {
    const { ticks, faults } = this.#report
    this.#options.onProgress?.({ bytes: this.#doneBytes + bytesOfUnit, totalBytes: this.#totalBytes, ticks, faults })
  }
}

function assertZone(zone: string | undefined): void {
  try {
    if (zone !== undefined) new Intl.DateTimeFormat('en-US', { timeZone: zone })
  } catch (cause) {
    throw refused(`${zone} is no time zone; use a name such as America/Chicago`, { zone }, cause)
  }
}

/** Reading what is being written would never end well, and old files below DATA_DIR's own folders would be taken for recorded ones. */
async function assertApart(sources: readonly string[], to: string): Promise<void> {
  const target = await realpath(to).catch(() => resolve(to))
  for (const source of sources) {
    const path = await realpath(source).catch(() => resolve(source))
    if (isInside(path, target) || isInside(target, path)) {
      throw refused(`${source} and the target ${to} lie inside one another; give the import a target of its own`, { source, to })
    }
  }
}

const isInside = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`)

/** Every backend that is written to or may have files of an hour that is. */
async function backendsToLock(to: string, backends: readonly HouseBackend[]): Promise<HouseBackend[]> {
  const there: string[] = await readdir(to).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const isArchiveThere = await hasArchive(to)
  return HOUSE_BACKENDS.filter(
    (backend) => backends.includes(backend) || there.includes(backend) || (backend === SEALED_BACKEND && isArchiveThere),
  )
}

/** One import at a time has the work folder and makes offers. */
async function lockImport(to: string): Promise<AsyncDisposable> {
  const path = join(to, IMPORT_STATE, 'lock')
  await mkdir(dirname(path), { recursive: true })
  const lock = await lockPartition(path)
  if (lock === undefined) throw refused(`another import holds ${path}; wait for its end, then try again`, { path })
  return { [Symbol.asyncDispose]: () => lock.release() }
}

/** No ticks of the simulator. */
async function assertFit(to: string): Promise<void> {
  for (const backend of HOUSE_BACKENDS) {
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const checkpoint = await readCheckpoint(to, backend, partition)
      if (checkpoint?.source === 'simulator') {
        throw new StorageError('IBS_STORAGE_SOURCE_MIXED', `${to} holds ticks of the simulator; name another DATA_DIR (--to)`, { to })
      }
    }
  }
}

/** No manifest that the next writer would cut back to what its checkpoint says. */
async function assertNothingListed(to: string): Promise<void> {
  for (const backend of HOUSE_BACKENDS) {
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const checkpoint = await readCheckpoint(to, backend, partition)
      const path = Object.keys(checkpoint?.files ?? {}).find(parseManifestPath)
      if (path !== undefined)
        throw refused(`the last writer died while it wrote ${path}; start ib-stream on ${to} and stop it, then import`, { path })
    }
  }
}

function refused(why: string, facts: Record<string, unknown> = {}, cause?: unknown): StorageError {
  return new StorageError('IBS_STORAGE_IMPORT_REFUSED', why, facts, { cause })
}
