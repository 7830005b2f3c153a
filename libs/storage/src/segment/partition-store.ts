import { join } from 'node:path'
import { partitionOf } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { parseEventsPath, parseSegmentPath } from '../layout/segment-path.ts'
import { type PartitionId, type StatePaths, statePaths } from '../layout/state-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { LogFloor } from '../rebuild/log-floor.ts'
import { type RebuildGround, type RebuiltCheckpoint, rebuildWhereLost } from '../rebuild/rebuild-checkpoint.ts'
import { bootId } from './boot-id.ts'
import { type Checkpoint, emptyCheckpoint, type Source } from './checkpoint.ts'
import { CheckpointFiles } from './checkpoint-files.ts'
import { closedFiles } from './closed-files.ts'
import { type Disk, foldersOf, nodeDisk } from './disk.ts'
import { stoppable } from './fail-points.ts'
import { lockPartition, type PartitionLock } from './partition-lock.ts'
import { type Cut, PendingBytes } from './pending-bytes.ts'
import { recover } from './recover.ts'
import { SegmentFiles } from './segment-files.ts'
import { StoreTurns } from './store-turns.ts'
import type { TornTail } from './torn-tail.ts'

/**
 * What bounds the memory of a store: bytes that wait for a commit, twice for a moment while their buffer grows. Besides it holds only its checkpoint, some
 * 250 bytes for each file that still grows.
 */
export const MAX_PENDING_BYTES = 64 * 1024 * 1024

/** What is in files and how surely. */
export interface PartitionStoreState {
  /** `open`; `failed` after a failure that only opening anew can mend; `closed`. */
  word: 'open' | 'failed' | 'closed'
  /** Last sequence in the checkpoint that counts. */
  committedSeq: number
  /** Last sequence in the durable checkpoint: what a power cut leaves. The log must keep everything after it. */
  durableSeq: number
  /** Newest `st` committed, µs UTC. */
  newestStUs: number
  /** Files that still grow. */
  listedFiles: number
}

/** Everything that the owner of one partition of one backend does to disk. Files and position move together, whatever dies in between. */
export interface PartitionStore extends AsyncDisposable {
  /** Last log sequence whose ticks are committed or pending; 0 at the very start. */
  readonly seq: number
  /** Newest `st` up to there, µs UTC; 0 at the very start. */
  readonly newestStUs: number
  /** Bytes in memory that no commit has written yet: commit when this grows. Above {@link MAX_PENDING_BYTES} nothing is taken. */
  readonly pendingBytes: number
  readonly state: PartitionStoreState
  /**
   * Takes bytes (whole records) of the message being read for a file; copies them, writes nothing.
   * @throws StorageError `IBS_STORAGE_PATH_INVALID` for a path outside this partition's part of the layout, `IBS_STORAGE_PENDING_FULL`; nothing is taken then
   */
  append(path: string, bytes: Uint8Array): void
  /**
   * Message boundary: everything appended so far belongs to messages up to `seq`. Without appends it moves the position of an idle partition on.
   * @param newestStUs newest `st` of the message, µs UTC; without appends that of the log up to there; 0 where there is none
   * @throws StorageError `IBS_STORAGE_SEQUENCE_BACKWARDS`
   */
  advance(seq: number, newestStUs: number): void
  /**
   * Everything appended since the last boundary comes from another backend's files and not from a message: it may be committed, and the position stays.
   * @param newestStUs the hours that are closed at this `st`, µs UTC, close with the next durable commit
   */
  fill(newestStUs: number): void
  /**
   * Writes what is pending and makes it visible to readers; survives the death of this process, not a power cut. A file that is not yet listed is first
   * listed in a durable checkpoint at its old length.
   * @throws StorageError `IBS_STORAGE_WRITE_FAILED`: files are cut back, all is still pending, the next commit tries again.
   * `IBS_STORAGE_SYNC_FAILED`, `IBS_STORAGE_LOCK_REPLACED`, `IBS_STORAGE_CHECKPOINT_AHEAD`: the store is over; close it, open it again, go on from its `seq`
   */
  commitVisible(): Promise<void>
  /** As `commitVisible`, and it survives a power cut. Files of closed hours are no longer listed afterwards. */
  commitDurable(): Promise<void>
  /**
   * Retention: takes closed files away, for good. Whatever dies in between, the removal is finished by the next owner, and no reader takes a file for lost. Files
   * that are listed or waited for by a late tick, and those of which the manifest says something else by now, are left alone.
   * @param entries what the files hold, see `readManifests`; several of one UTC day cost no more than one
   * @param removedUs now, µs UTC
   * @returns those of the entries whose files are removed
   * @throws StorageError as `commitVisible`
   */
  removeFiles(entries: readonly ManifestEntry[], removedUs: number): Promise<readonly ManifestEntry[]>
  /** Files that the committed state lists, and how long each is. */
  readonly committedFiles: Readonly<Record<string, number>>
  /**
   * Rows of the archive are in sealed files that are durable: forgets them, then removes them. Nothing of them may be pending. Without rows it makes a new checkpoint, by which
   * readers see that sealed files changed.
   * @throws StorageError as `commitVisible`
   */
  forgetRows(paths: readonly string[]): Promise<void>
  /**
   * Lets `work` change files of this partition as somebody who works offline does it, under this lock and between two commits; then goes on from what the
   * checkpoint says. Commit before: nothing may be pending.
   * @throws what `work` throws, when the store has been loaded again; what recovery throws, and the store is over then
   */
  lend<Result>(work: (ground: PartitionWork) => Promise<Result>): Promise<Result>
  /** Drops what is pending (commit first), waits for a commit under way, lets the lock go. Idempotent. */
  close(): Promise<void>
}

export interface PartitionStoreOptions {
  dataDir: string
  backend: Backend
  partition: PartitionId
  /** The recording whose log is followed; files of another one are refused. */
  source: Source
  /** Told when a file of an older recording ended inside a record, see {@link TornTail}. */
  onTornTail?: (torn: TornTail) => void
  /** Where the log begins. With it a lost checkpoint is made anew from files and log; without it a damaged one is refused. */
  logFloor?: () => Promise<LogFloor>
  /** Told when that was done. */
  onRebuilt?: (rebuilt: RebuiltCheckpoint) => void
}

/**
 * Takes the lock of a partition and brings its files to its checkpoint. Undefined: another process (or another store of this one) owns it.
 * @throws StorageError `IBS_STORAGE_OPEN_FAILED`, `IBS_STORAGE_SYNC_FAILED`, `IBS_STORAGE_SOURCE_MIXED`, `IBS_STORAGE_PARTITION_COUNT`, `IBS_STORAGE_CHECKPOINT_AHEAD`, `IBS_STORAGE_CHECKPOINT_DAMAGED`, `IBS_STORAGE_REBUILD_WAITS`
 */
export async function openPartitionStore(options: PartitionStoreOptions): Promise<PartitionStore | undefined> {
  const paths = statePaths(options.backend, options.partition)
  const disk = stoppable(nodeDisk(options.dataDir))
  try {
    await disk.makeFolder(foldersOf(paths.lock)[0] ?? '')
    const lock = await lockPartition(join(options.dataDir, paths.lock))
    if (lock === undefined) return undefined
    try {
      if (options.logFloor) await rebuild({ ...options, logFloor: options.logFloor, disk, bootId: bootId() }, paths)
      return await openPartitionStoreOn({ ...options, disk, lock, bootId: bootId() })
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw openFailed(options, error)
  }
}

async function rebuild(ground: RebuildGround & Pick<PartitionStoreOptions, 'onRebuilt'>, paths: StatePaths): Promise<void> {
  const rebuilt = await rebuildWhereLost(ground, paths)
  if (rebuilt) ground.onRebuilt?.(rebuilt)
}

function openFailed({ dataDir, backend, partition }: PartitionStoreOptions, cause: unknown): StorageError {
  if (Error.isError(cause) && isStorageError(cause)) return cause
  const why = Error.isError(cause) ? cause.message : String(cause)
  return new StorageError(
    'IBS_STORAGE_OPEN_FAILED',
    `partition ${partition} of ${backend} cannot be opened: ${why}; nothing was changed, mend the disk or its permissions and open it again`,
    { dataDir, backend, partition },
    { cause },
  )
}

/** What somebody works on who may change the files of one partition: its lock is held. */
export interface PartitionWork {
  disk: Disk
  backend: Backend
  partition: PartitionId
  /** Throws where the lock is not held any more. */
  checkLocks(): Promise<void>
}

/** What a store stands on; tests give a disk of their own. */
export interface PartitionGround extends Omit<PartitionStoreOptions, 'dataDir'> {
  disk: Disk
  lock: PartitionLock
  bootId: string
}

/** As `openPartitionStore`, under a lock that is already held. */
export async function openPartitionStoreOn(ground: PartitionGround): Promise<PartitionStore> {
  return new OpenPartitionStore(ground, await loadCheckpoints(ground))
}

async function loadCheckpoints(ground: PartitionGround): Promise<CheckpointFiles> {
  const paths = statePaths(ground.backend, ground.partition)
  await ground.disk.makeFolder(paths.folder)
  const { counts, durable, visible, truncated, removing } = await recover(ground.disk, paths, ground.source, ground.bootId)
  const committed = { ...(counts ?? emptyCheckpoint(ground.source, ground.bootId)), removing }
  const visibleV = counts === visible ? committed.v : -1
  return new CheckpointFiles(ground, paths, { committed, durable, visibleV, unsyncedFiles: truncated })
}

class OpenPartitionStore implements PartitionStore {
  readonly #ground: PartitionGround
  #pending: PendingBytes
  #files: CheckpointFiles
  #segments: SegmentFiles
  readonly #turns = new StoreTurns()

  constructor(ground: PartitionGround, files: CheckpointFiles) {
    this.#ground = ground
    this.#files = files
    this.#segments = new SegmentFiles(ground, files)
    this.#pending = new PendingBytes(files.committed)
  }

  get seq(): number {
    return this.#pending.seq
  }

  get newestStUs(): number {
    return this.#pending.newestStUs
  }

  get pendingBytes(): number {
    return this.#pending.bytes
  }

  get state(): PartitionStoreState {
    const { seq, newestStUs, files } = this.#files.committed
    return {
      word: this.#turns.word,
      committedSeq: seq,
      durableSeq: this.#files.durable.seq,
      newestStUs,
      listedFiles: Object.keys(files).length,
    }
  }

  append(path: string, bytes: Uint8Array): void {
    this.#turns.assertOpen()
    if (!this.#pending.has(path)) this.#assertOwn(path)
    if (this.pendingBytes + bytes.length > MAX_PENDING_BYTES) throw pendingFull(this.pendingBytes, bytes.length)
    this.#pending.append(path, bytes)
  }

  advance(seq: number, newestStUs: number): void {
    this.#turns.assertOpen()
    const lowest = this.#pending.insideMessage ? this.seq + 1 : this.seq
    if (!Number.isSafeInteger(seq) || seq < lowest) {
      throw new StorageError(
        'IBS_STORAGE_SEQUENCE_BACKWARDS',
        `message ${seq} after ${this.seq}; open the store again and follow the log from its seq + 1`,
        { seq, lastSeq: this.seq },
      )
    }
    this.#pending.boundary(seq, newestStUs)
  }

  fill(newestStUs: number): void {
    this.#turns.assertOpen()
    this.#pending.fill(newestStUs)
  }

  commitVisible(): Promise<void> {
    return this.#turns.take(async () => {
      const cut = this.#pending.cut()
      if (this.#isCommitted(cut) && this.#files.visibleV === this.#files.committed.v) return
      await this.#write(cut, [], (next) => this.#files.saveVisible(next))
    })
  }

  commitDurable(): Promise<void> {
    return this.#turns.take(async () => {
      const cut = this.#pending.cut()
      const closed = this.#closedFiles(cut)
      if (this.#isCommitted(cut) && closed.length === 0 && this.#files.areEven) return
      await this.#write(cut, closed, (next) => this.#files.saveDurable(next))
      await this.#guardedWrite(() => this.#files.saveVisible(this.#files.committed))
    })
  }

  async removeFiles(entries: readonly ManifestEntry[], removedUs: number): Promise<readonly ManifestEntry[]> {
    for (const { path } of entries) this.#assertOwn(path)
    return this.#turns.take(async () => {
      const idle = entries.filter(({ path }) => !this.#pending.has(path))
      return await this.#guardedWrite(() => this.#segments.remove(idle, removedUs))
    })
  }

  get committedFiles(): Readonly<Record<string, number>> {
    return this.#files.committed.files
  }

  async forgetRows(paths: readonly string[]): Promise<void> {
    await this.#turns.take(async () => {
      if (paths.some((path) => this.#pending.has(path))) throw pendingFull(this.#pending.bytes, 0)
      await this.#guardedWrite(() => this.#segments.forgetRows(paths))
    })
  }

  async lend<Result>(work: (ground: PartitionWork) => Promise<Result>): Promise<Result> {
    let result: { value: Result } | { error: unknown } | undefined
    await this.#turns.take(async () => {
      if (this.#pending.bytes > 0) throw pendingFull(this.#pending.bytes, 0)
      const { disk, backend, partition, lock } = this.#ground
      result = await work({ disk, backend, partition, checkLocks: () => lock.check() }).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      await this.#load()
    })
    if (result === undefined || 'error' in result) throw result?.error
    return result.value
  }

  /** What was lent may have another checkpoint now. */
  async #load(): Promise<void> {
    try {
      this.#files = await loadCheckpoints(this.#ground)
      this.#segments = new SegmentFiles(this.#ground, this.#files)
      this.#pending = new PendingBytes(this.#files.committed)
    } catch (error) {
      const failure = openFailed({ ...this.#ground, dataDir: '' }, error)
      this.#turns.fail(failure)
      throw failure
    }
  }

  close(): Promise<void> {
    return this.#turns.close(() => {
      this.#pending.clear()
      return this.#ground.lock.release()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #isCommitted(cut: Cut): boolean {
    const { seq, newestStUs } = this.#files.committed
    return cut.seq === seq && cut.newestStUs === newestStUs && cut.writes.length === 0
  }

  /** Files of closed hours; not those that are being written now, for backfill writes to the same old hour again and again. */
  #closedFiles(cut: Cut): string[] {
    return closedFiles(Object.keys(this.#files.committed.files), cut.newestStUs).filter((path) => !this.#pending.has(path))
  }

  /** Until this is done the committed state stays what it was. */
  async #write(cut: Cut, closing: readonly string[], save: (next: Checkpoint) => Promise<void>): Promise<void> {
    try {
      await this.#guardedWrite(() => this.#segments.commit(cut, closing, save))
    } catch (error) {
      if (this.#turns.failure === undefined) await this.#segments.cutBack([...cut.writes.map(({ path }) => path), ...closing])
      throw error
    }
    this.#pending.drop(cut)
  }

  /** Gives what the disk throws its code; what already has one of ours ends the store, but for a file that somebody can mend. */
  async #guardedWrite<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (!Error.isError(error) || !isStorageError(error)) throw this.#writeFailed(error)
      if (error.code !== 'IBS_STORAGE_RECORD_TORN') this.#turns.fail(error)
      throw error
    }
  }

  #writeFailed(cause: unknown): StorageError {
    const why = Error.isError(cause) ? cause.message : String(cause)
    return new StorageError(
      'IBS_STORAGE_WRITE_FAILED',
      `${why}; nothing is lost, make room or mend the disk and commit again`,
      { seq: this.seq, pendingBytes: this.pendingBytes },
      { cause },
    )
  }

  #assertOwn(path: string): void {
    const { backend, partition } = this.#ground
    const segment = parseSegmentPath(path)
    const own =
      partition === 'events' ? parseEventsPath(path) !== undefined : segment?.backend === backend && partitionOf(segment.cid) === partition
    if (own) return
    throw new StorageError(
      'IBS_STORAGE_PATH_INVALID',
      `${path} is no file of partition ${partition} of ${backend}; make paths with segmentPath or eventsPath`,
      { path, backend, partition },
    )
  }
}

const pendingFull = (pendingBytes: number, addedBytes: number): StorageError =>
  new StorageError('IBS_STORAGE_PENDING_FULL', `${pendingBytes} bytes wait for a commit; commit, then append these again`, {
    pendingBytes,
    addedBytes,
    limitBytes: MAX_PENDING_BYTES,
  })

const isStorageError = (error: Error): error is StorageError => error.name === 'StorageError'
