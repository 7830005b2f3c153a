import { join } from 'node:path'
import { type Bus, pause, readLog } from '@ib-stream/bus'
import { codeOf, PARTITION_COUNT } from '@ib-stream/model'
import type { PartitionId, Sealed } from '@ib-stream/storage'
import type { SegmentCodec } from './codec.ts'
import { WriterError } from './errors.ts'
import { type StaleOwner, watchOwners } from './foreign-owners.ts'
import type { PartitionState, PartitionStatus } from './partition-state.ts'
import { type PartitionOptions, type PartitionWriter, takePartition } from './partition-writer.ts'
import { type Seat, takeSeat } from './seats.ts'

export interface WriterOptions {
  codec: SegmentCodec
  bus: Bus
  dataDir: string
  source: 'gateway' | 'simulator'
  checkpointVisibleMs: number
  checkpointDurableMs: number
  onChange: (change: PartitionChange) => void
  /** A file of the archive was made. */
  onSealed?: (sealed: Sealed & { partition: PartitionId }) => void
  /** Another process holds a partition and its checkpoint does not move; and when it moves again. */
  onStaleOwner?: (owner: StaleOwner, state: 'stale' | 'moves') => void
}

/** One change of one partition's state, for log and health. */
export interface PartitionChange {
  partition: PartitionId
  to: PartitionState
  reason: string
  seq: number
}

/** `away`: the bus is not to be reached, so everything was given up for others to take; `no_disk`: DATA_DIR takes no writes, so not even a seat is held. */
export type WriterState = 'waiting_for_log' | 'no_disk' | 'sharing' | 'away' | 'stopped'

export interface Writer {
  readonly state: WriterState
  /** Partitions held now. */
  readonly partitions: ReadonlyMap<PartitionId, PartitionStatus>
  /** Why partitions that are ours could not be taken, or were lost; tried again until they are held. */
  readonly failed: ReadonlyMap<PartitionId, string>
  /** Partitions whose owner, another process, is frozen or hangs. */
  readonly staleOwners: ReadonlyMap<PartitionId, StaleOwner>
  /** Why no seat could be taken, in `no_disk`. */
  readonly problem: string | undefined
  /** Ticks taken since the start. */
  readonly ticks: number
  readonly ticksByType: ReadonlyMap<string, number>
  /** Files of the archive made since the start. */
  readonly sealedFiles: number
  /** Works until the signal aborts; then commits everything and lets go. */
  run(signal: AbortSignal): Promise<void>
}

/** How often seats are counted and free partitions tried: a dead replica's partitions are taken over within this time. */
const BALANCE_EVERY_MS = 500
const LOG_WAIT_MS = 500
/** Cut off from the bus for this long, a writer lets others have its partitions. A restart of the server is shorter. */
const GIVE_UP_AFTER_MS = 4_000
/** A partition that failed for another reason than a full disk is taken again after this long. */
const RETAKE_AFTER_MS = 2_000
/** What is wrong with the whole folder, not with one partition of it. */
const WRONG_FOLDER = new Set(['IBS_STORAGE_SOURCE_MIXED', 'IBS_STORAGE_PARTITION_COUNT', 'IBS_STORAGE_FILE_SYSTEM'])

/** The runtime of every writer service: shares the partitions of its backend with its replicas and keeps each one's files in step with the log. */
export function openWriter(options: WriterOptions): Writer {
  return new SharingWriter(options)
}

class SharingWriter implements Writer {
  state: WriterState = 'waiting_for_log'
  readonly ticksByType = new Map<string, number>()
  sealedFiles = 0
  problem: string | undefined
  readonly failed = new Map<PartitionId, string>()
  readonly staleOwners = new Map<PartitionId, StaleOwner>()
  readonly #options: WriterOptions
  readonly #all: readonly PartitionId[]
  readonly #held = new Map<PartitionId, { writer: PartitionWriter; release: AbortController }>()
  /** On the way from lock to reader: one whose files take long to recover keeps no other waiting. */
  readonly #taking = new Map<PartitionId, Promise<void>>()
  readonly #barredUntilMs = new Map<PartitionId, number>()
  #wrongFolder: Error | undefined
  #awaySinceMs: number | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    this.#all = [...Array(PARTITION_COUNT).keys(), ...(options.codec.keepsEvents ? ['events' as const] : [])]
  }

  get partitions(): ReadonlyMap<PartitionId, PartitionStatus> {
    return new Map([...this.#held].map(([partition, { writer }]) => [partition, writer.status]))
  }

  async run(signal: AbortSignal): Promise<void> {
    const { bus } = this.#options
    const offChange = bus.onChange((state) => this.#followBus(state))
    this.#followBus(bus.state)
    try {
      for (;;) {
        await this.#share(await this.#waitForLog(signal), signal)
        this.state = 'away'
        while (this.#awaySinceMs !== undefined) await pause(BALANCE_EVERY_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      offChange()
      this.state = 'stopped'
    }
  }

  #followBus(state: Bus['state']): void {
    this.#awaySinceMs = state === 'connected' ? undefined : (this.#awaySinceMs ?? performance.now())
  }

  async #waitForLog(signal: AbortSignal): Promise<PartitionOptions['owner']> {
    const { bus, source } = this.#options
    for (;;) {
      const log = await readLog(bus.manager).catch(() => undefined)
      if (log && log.owner.source !== source) {
        throw new WriterError(
          'IBS_WRITER_SOURCE_MIXED',
          `the log holds ticks of the ${log.owner.source}, this writer is set up for the ${source}; use the NATS and DATA_DIR that belong together`,
          { ...log.owner },
        )
      }
      if (log && log.partitionCount !== PARTITION_COUNT) {
        // Its ticks would be taken for lines that belong elsewhere, and stand in INVALID instead of the files.
        throw new WriterError(
          'IBS_WRITER_PARTITION_COUNT',
          `the log (stream TICKS) is cut into ${log.partitionCount} partitions, this version shares ${PARTITION_COUNT}; run writers and ingest of one version, ingest first`,
          { found: log.partitionCount, expected: PARTITION_COUNT },
        )
      }
      if (log) return { spoolId: log.owner.spoolId, source }
      await pause(LOG_WAIT_MS, signal)
    }
  }

  /** From seat to release; returns when the bus has been away for too long. */
  async #share(owner: PartitionOptions['owner'], signal: AbortSignal): Promise<void> {
    await using seat = await this.#takeSeat(signal)
    const watching = watchOwners(this.#options, { partitions: () => this.#all.filter((p) => !this.#held.has(p)), stale: this.staleOwners })
    this.state = 'sharing'
    try {
      while (this.#awaySinceMs === undefined || performance.now() - this.#awaySinceMs < GIVE_UP_AFTER_MS) {
        await this.#balance(seat, owner)
        await pause(BALANCE_EVERY_MS, signal)
        if (this.#wrongFolder) throw this.#wrongFolder
      }
    } finally {
      await watching.stop()
      await Promise.all(this.#taking.values())
      for (const partition of this.#held.keys()) this.#release(partition)
      await Promise.all([...this.#held.values()].map(({ writer }) => writer.done.catch(() => undefined)))
    }
  }

  async #takeSeat(signal: AbortSignal): Promise<Seat> {
    const { codec, dataDir } = this.#options
    for (;;) {
      try {
        const seat = await takeSeat(join(dataDir, '.state', codec.backend, 'seats'))
        this.problem = undefined
        return seat
      } catch (error) {
        this.problem = String(error)
        this.state = 'no_disk'
        await pause(RETAKE_AFTER_MS, signal)
      }
    }
  }

  get ticks(): number {
    return this.ticksByType.values().reduce((sum, ticks) => sum + ticks, 0)
  }

  async #balance(seat: Seat, owner: PartitionOptions['owner']): Promise<void> {
    const { taken, rank } = await seat.look()
    for (const [i, partition] of this.#all.entries()) {
      if (i % taken !== rank) {
        this.#release(partition)
        this.failed.delete(partition)
      } else if (this.#isToTake(partition)) {
        const taking = this.#take(partition, owner).finally(() => this.#taking.delete(partition))
        this.#taking.set(partition, taking)
      }
    }
  }

  #isToTake(partition: PartitionId): boolean {
    if (this.#held.has(partition) || this.#taking.has(partition)) return false
    return performance.now() >= (this.#barredUntilMs.get(partition) ?? 0)
  }

  async #take(partition: PartitionId, owner: PartitionOptions['owner']): Promise<void> {
    const release = new AbortController()
    const writer = await takePartition({
      ...this.#options,
      partition,
      owner,
      signal: release.signal,
      onState: (to, reason) => this.#options.onChange({ partition, to, reason, seq: this.#held.get(partition)?.writer.seq ?? 0 }),
      onTicks: (tt, ticks) => {
        if (ticks > 0) this.ticksByType.set(tt, (this.ticksByType.get(tt) ?? 0) + ticks)
      },
      onSealed: (sealed) => {
        this.sealedFiles += 1
        this.#options.onSealed?.({ ...sealed, partition })
      },
    }).catch((error: unknown) => {
      if (WRONG_FOLDER.has(codeOf(error) ?? '')) this.#wrongFolder = error as Error
      else this.#bar(partition, error)
    })
    if (writer) this.#hold(partition, writer, release)
  }

  #hold(partition: PartitionId, writer: PartitionWriter, release: AbortController): void {
    this.failed.delete(partition)
    this.#held.set(partition, { writer, release })
    writer.done.catch((error: unknown) => this.#bar(partition, error)).finally(() => this.#held.delete(partition))
  }

  /** One partition that fails does not keep the others from being written. */
  #bar(partition: PartitionId, error: unknown): void {
    const reason = `failed: ${String(error)}`
    const seq = this.#held.get(partition)?.writer.seq ?? 0
    if (this.failed.get(partition) !== reason) this.#options.onChange({ partition, to: 'released', reason, seq })
    this.failed.set(partition, reason)
    this.#barredUntilMs.set(partition, performance.now() + RETAKE_AFTER_MS)
  }

  #release(partition: PartitionId): void {
    this.#held.get(partition)?.release.abort(new Error('partition is given up'))
  }
}
