import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { tryLock } from 'fs-native-extensions'
import { isMissing } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { readPosition } from './read-position.ts'

/** What can be seen of a partition's owner from outside. */
export interface OwnerSight {
  partition: PartitionId
  /** Where the checkpoint that counts stands; undefined before the first, or where it cannot be read. */
  seq: number | undefined
  /** How long the checkpoint has stood still below the log's end, ms; 0 while it moves or has nothing to do. */
  stillMs: number
  /** Whether anybody holds the lock; looked up only for a checkpoint that stands still. */
  locked: boolean | undefined
  /** Code of what is wrong with the checkpoint itself. */
  problem: string | undefined
}

/** A checkpoint that stands still for a shorter time is just at work. */
const PROBE_AFTER_MS = 2_000

/**
 * Watches the owners of a backend's partitions without asking them: their checkpoints must follow the log. A process that is stopped or hangs keeps its
 * locks, so nobody takes over, which is safe; here it is seen. Uses no wall clock.
 */
export class OwnerWatch {
  #dataDir: string
  #backend: Backend
  #still = new Map<PartitionId, { seq: number; sinceMs: number }>()

  constructor(dataDir: string, backend: Backend) {
    this.#dataDir = dataDir
    this.#backend = backend
  }

  /**
   * Looks once; call it every second or two.
   * @param logSeq the log's last sequence, read before
   * @param nowMs monotonic, ms
   */
  look(partitions: readonly PartitionId[], logSeq: number, nowMs = performance.now()): Promise<OwnerSight[]> {
    return Promise.all(partitions.map((partition) => this.#lookAt(partition, logSeq, nowMs)))
  }

  async #lookAt(partition: PartitionId, logSeq: number, nowMs: number): Promise<OwnerSight> {
    const sight: OwnerSight = { partition, seq: undefined, stillMs: 0, locked: undefined, problem: undefined }
    try {
      sight.seq = (await readPosition(this.#dataDir, this.#backend, partition))?.seq
    } catch (error) {
      sight.problem = codeOf(error) ?? String(error)
    }
    sight.stillMs = this.#stillFor(partition, { seq: sight.seq ?? 0, logSeq, nowMs })
    if (sight.stillMs >= PROBE_AFTER_MS) sight.locked = await isLocked(join(this.#dataDir, statePaths(this.#backend, partition).lock))
    return sight
  }

  #stillFor(partition: PartitionId, { seq, logSeq, nowMs }: { seq: number; logSeq: number; nowMs: number }): number {
    const before = this.#still.get(partition)
    if (seq >= logSeq) this.#still.delete(partition)
    else if (before?.seq !== seq) this.#still.set(partition, { seq, sinceMs: nowMs })
    else return nowMs - before.sinceMs
    return 0
  }
}

/** A shared lock is refused exactly while an owner lives. Undefined where the file cannot be looked at. */
async function isLocked(path: string): Promise<boolean | undefined> {
  try {
    await using handle = await open(path, 'r')
    return !tryLock(handle.fd, { shared: true })
  } catch (error) {
    return isMissing(error) ? false : undefined
  }
}
