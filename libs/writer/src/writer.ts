import { join } from 'node:path'
import { type Bus, pause, readLog } from '@ib-stream/bus'
import { codeOf, PARTITION_COUNT } from '@ib-stream/model'
import type { PartitionId } from '@ib-stream/storage'
import type { SegmentCodec } from './codec.ts'
import { WriterError } from './errors.ts'
import { type PartitionOptions, type PartitionState, type PartitionWriter, takePartition } from './partition-writer.ts'
import { type Seat, takeSeat } from './seats.ts'

export interface WriterOptions {
  codec: SegmentCodec
  bus: Bus
  dataDir: string
  source: 'gateway' | 'simulator'
  checkpointVisibleMs: number
  checkpointDurableMs: number
  onChange: (change: PartitionChange) => void
}

/** One change of one partition's state, for log and health. */
export interface PartitionChange {
  partition: PartitionId
  to: PartitionState
  reason: string
  seq: number
}

export interface Writer {
  readonly state: 'waiting_for_log' | 'sharing' | 'stopped'
  /** Partitions held now, by their state's name. */
  readonly partitions: ReadonlyMap<PartitionId, { state: PartitionState; seq: number }>
  /** Why partitions that are ours could not be taken, or were lost; tried again until they are held. */
  readonly failed: ReadonlyMap<PartitionId, string>
  /** Ticks taken since the start. */
  readonly ticks: number
  /** Works until the signal aborts; then commits everything and lets go. */
  run(signal: AbortSignal): Promise<void>
}

/** How often seats are counted and free partitions tried: a dead replica's partitions are taken over within this time. */
const BALANCE_EVERY_MS = 500
const LOG_WAIT_MS = 500
/** A partition that failed for another reason than a full disk is taken again after this long. */
const RETAKE_AFTER_MS = 2_000
/** What is wrong with the whole folder, not with one partition of it. */
const WRONG_FOLDER = new Set(['IBS_STORAGE_SOURCE_MIXED', 'IBS_STORAGE_PARTITION_COUNT'])

/** The runtime of every writer service: shares the partitions of its backend with its replicas and keeps each one's files in step with the log. */
export function openWriter(options: WriterOptions): Writer {
  return new SharingWriter(options)
}

class SharingWriter implements Writer {
  state: Writer['state'] = 'waiting_for_log'
  ticks = 0
  readonly failed = new Map<PartitionId, string>()
  #options: WriterOptions
  #held = new Map<PartitionId, { writer: PartitionWriter; release: AbortController }>()
  #barredUntilMs = new Map<PartitionId, number>()

  constructor(options: WriterOptions) {
    this.#options = options
  }

  get partitions(): ReadonlyMap<PartitionId, { state: PartitionState; seq: number }> {
    return new Map([...this.#held].map(([partition, { writer }]) => [partition, { state: writer.state, seq: writer.seq }]))
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      const owner = await this.#waitForLog(signal)
      await using seat = await takeSeat(join(this.#options.dataDir, '.state', this.#options.codec.backend, 'seats'))
      this.state = 'sharing'
      for (;;) {
        await this.#balance(seat, owner)
        await pause(BALANCE_EVERY_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      for (const partition of this.#held.keys()) this.#release(partition)
      await Promise.all([...this.#held.values()].map(({ writer }) => writer.done.catch(() => undefined)))
      this.state = 'stopped'
    }
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
      if (log) return { spoolId: log.owner.spoolId, source }
      await pause(LOG_WAIT_MS, signal)
    }
  }

  async #balance(seat: Seat, owner: PartitionOptions['owner']): Promise<void> {
    const { taken, rank } = await seat.look()
    for (const [i, partition] of this.#all().entries()) {
      const mine = i % taken === rank
      if (!mine) {
        this.#release(partition)
        this.failed.delete(partition)
      } else if (!this.#held.has(partition) && performance.now() >= (this.#barredUntilMs.get(partition) ?? 0))
        await this.#take(partition, owner).catch((error: unknown) => {
          if (WRONG_FOLDER.has(codeOf(error) ?? '')) throw error
          this.#bar(partition, error)
        })
    }
  }

  #all(): PartitionId[] {
    const numbers: PartitionId[] = Array.from({ length: PARTITION_COUNT }, (_, p) => p)
    return this.#options.codec.keepsEvents ? [...numbers, 'events'] : numbers
  }

  async #take(partition: PartitionId, owner: PartitionOptions['owner']): Promise<void> {
    const release = new AbortController()
    const change = (to: PartitionState, reason: string) =>
      this.#options.onChange({ partition, to, reason, seq: this.#held.get(partition)?.writer.seq ?? 0 })
    const writer = await takePartition({
      ...this.#options,
      partition,
      owner,
      signal: release.signal,
      onState: change,
      onTicks: (ticks) => {
        this.ticks += ticks
      },
      onCut: (positionSeq, firstSeq) =>
        change('recovering', `the log was cut too early: it begins at ${firstSeq}, the files end at ${positionSeq}`),
    })
    this.failed.delete(partition)
    if (!writer) return // another replica still has it; tried again with the next look
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
