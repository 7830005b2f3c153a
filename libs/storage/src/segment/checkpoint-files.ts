import type { StatePaths } from '../layout/state-path.ts'
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts'
import type { Disk } from './disk.ts'
import type { PartitionLock } from './partition-lock.ts'
import { syncAll } from './sync-all.ts'
import { syncOrGiveUp } from './sync-failure.ts'

export interface CheckpointGround {
  disk: Disk
  lock: PartitionLock
  bootId: string
}

/** The state that recovery found. */
export interface CheckpointStart {
  /** The checkpoint that counts, or the empty one before the first. */
  committed: Checkpoint
  durable: Checkpoint | undefined
  /** Number of the visible checkpoint where that is the one that counts; −1 where it is stale. */
  visibleV: number
  /** Files that recovery cut. */
  unsyncedFiles: Iterable<string>
}

/** The two checkpoint files of a partition, and what must be synced before the durable one may vouch for it. */
export class CheckpointFiles {
  /** The state that the checkpoint that counts names; what fails falls back to it. */
  committed: Checkpoint
  durable: { v: number; seq: number }
  visibleV: number
  readonly unsyncedFiles: Set<string>
  readonly unsyncedFolders = new Set<string>()
  readonly #ground: CheckpointGround
  readonly #paths: StatePaths
  /** Number of the last checkpoint tried. */
  #v: number

  constructor(ground: CheckpointGround, paths: StatePaths, start: CheckpointStart) {
    this.#ground = ground
    this.#paths = paths
    this.committed = start.committed
    this.durable = { v: start.durable?.v ?? 0, seq: start.durable?.seq ?? 0 }
    this.visibleV = start.visibleV
    this.unsyncedFiles = new Set(start.unsyncedFiles)
    this.#v = start.committed.v
  }

  get visiblePath(): string {
    return this.#paths.visible
  }

  /** True where both files name the committed state. */
  get areEven(): boolean {
    return this.durable.v === this.committed.v && this.visibleV === this.committed.v
  }

  /** Makes `next` the state that readers see. The committed state itself keeps its number: it may be in the durable file already. */
  async saveVisible(next: Checkpoint): Promise<void> {
    const { disk, lock, bootId } = this.#ground
    await lock.check()
    const named = { ...next, v: next === this.committed ? next.v : ++this.#v, bootId }
    await disk.writeText(`${this.#paths.visible}.tmp`, encodeCheckpoint(named))
    await disk.rename(`${this.#paths.visible}.tmp`, this.#paths.visible)
    this.committed = named
    this.visibleV = named.v
  }

  /** Data, then names, then the checkpoint, then its name: each is on the disk before the next says so. */
  async saveDurable(next: Checkpoint): Promise<void> {
    const { disk, lock, bootId } = this.#ground
    await this.#sync(() => syncAll(disk, this.unsyncedFiles, this.unsyncedFolders))
    this.unsyncedFiles.clear()
    this.unsyncedFolders.clear()
    await lock.check()
    const named = { ...next, v: ++this.#v, bootId }
    const temporary = `${this.#paths.durable}.tmp`
    await disk.writeText(temporary, encodeCheckpoint(named))
    await disk.syncFile(temporary)
    await disk.rename(temporary, this.#paths.durable)
    this.committed = named // readers see it from here on
    await this.#sync(() => disk.syncFolder(this.#paths.folder))
    this.durable = { v: named.v, seq: named.seq }
  }

  #sync(work: () => Promise<void>): Promise<void> {
    return syncOrGiveUp(this.#ground.disk, this.#paths.visible, work)
  }
}
