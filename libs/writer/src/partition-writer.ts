import {
  type Bus,
  EVENTS_FILTER,
  type LogMessage,
  type LogReader,
  openLogReader,
  partitionFilter,
  pause,
  type ReaderState,
} from '@ib-stream/bus'
import { codeOf } from '@ib-stream/model'
import { eventsPath, openPartitionStore, type PartitionId, type PartitionStore, segmentPath } from '@ib-stream/storage'
import type { SegmentCodec } from './codec.ts'
import { reportInvalid } from './invalid-lines.ts'
import { splitHours } from './split-hours.ts'

export type PartitionState = 'recovering' | 'following' | 'holding' | 'stalled' | 'released'

export interface PartitionOptions {
  codec: SegmentCodec
  bus: Bus
  dataDir: string
  partition: PartitionId
  owner: { spoolId: string; source: 'gateway' | 'simulator' }
  checkpointVisibleMs: number
  checkpointDurableMs: number
  /** Finish: commit what is at hand, let go of the lock. */
  signal: AbortSignal
  onState: (state: PartitionState, reason: string) => void
  onTicks: (ticks: number) => void
  /** The log no longer holds what comes after our position. */
  onCut: (positionSeq: number, firstSeq: number) => void
}

const COMMIT_ABOVE_BYTES = 4 * 2 ** 20
const RETRY_FIRST_MS = 200
const RETRY_MOST_MS = 5_000

/**
 * Owns one partition from lock to release: recovers it, follows the log from its position, commits. Returns undefined when another process holds it.
 * The position lives with the files, so whatever dies, the next owner goes on exactly there.
 */
export async function takePartition(options: PartitionOptions): Promise<PartitionWriter | undefined> {
  const { codec, dataDir, partition, owner } = options
  const store = await openPartitionStore({ dataDir, backend: codec.backend, partition, source: owner })
  return store && new PartitionWriter(options, store)
}

export class PartitionWriter {
  readonly partition: PartitionId
  state: PartitionState = 'recovering'
  /** Ends when the partition is released; rejects only for what no retry can mend. */
  readonly done: Promise<void>
  #options: PartitionOptions
  #store: PartitionStore
  #reader: LogReader
  #turn: Promise<void> = Promise.resolve()
  #dirty = false
  #stall = new AbortController()

  constructor(options: PartitionOptions, store: PartitionStore) {
    this.#options = options
    this.partition = options.partition
    this.#store = store
    this.#reader = openLogReader({
      bus: options.bus,
      filter: typeof options.partition === 'number' ? partitionFilter(options.partition) : EVENTS_FILTER,
      fromSeq: store.seq + 1,
      spoolId: options.owner.spoolId,
      signal: AbortSignal.any([options.signal, this.#stall.signal]),
      onState: (state, reason) => this.#followState(state, reason),
      onCut: (wanted, first) => this.#afterCut(wanted, first),
    })
    this.done = this.#run()
  }

  /** Last log sequence that is in the files or waits for the next commit. */
  get seq(): number {
    return this.#store.seq
  }

  async #run(): Promise<void> {
    const { checkpointVisibleMs, checkpointDurableMs } = this.#options
    const visible = setInterval(() => this.#dirty && this.#inTurn(() => this.#commit('visible')), checkpointVisibleMs)
    const durable = setInterval(() => this.#inTurn(() => this.#settle()), checkpointDurableMs)
    try {
      for await (const batch of this.#reader.batches()) {
        await this.#inTurn(() => this.#takeAll(batch))
      }
    } catch (error) {
      if (!this.#options.signal.aborted) throw error
    } finally {
      clearInterval(visible)
      clearInterval(durable)
      await this.#turn.catch(() => undefined)
      if (!this.#stall.signal.aborted) await this.#store.commitDurable().catch(() => undefined) // else the next owner replays the rest from the log
      await this.#store.close()
      this.#become('released', 'released')
    }
  }

  /** Taking and committing never overlap, so a commit always falls on a message boundary. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch((error: unknown) => this.#fail(error))
    return turn
  }

  #fail(error: unknown): void {
    this.#stall.abort(error)
  }

  async #takeAll(batch: readonly LogMessage[]): Promise<void> {
    this.#stall.signal.throwIfAborted()
    for (const message of batch) {
      await (typeof this.partition === 'number' ? this.#takeTicks(message) : this.#takeEvent(message))
      if (this.#store.pendingBytes > COMMIT_ABOVE_BYTES) await this.#commit('visible')
    }
  }

  async #takeTicks(message: LogMessage): Promise<void> {
    const { codec, onTicks } = this.#options
    const [, , cid = '', tt = ''] = message.subject.split('.')
    const { hours, poison, newestStUs } = splitHours(message.payload, { cid: Number(cid), tt })
    if (poison.length > 0) await reportInvalid(this.#options, message, poison)
    let ticks = 0
    for (const [hourUs, hour] of hours) {
      const [first] = hour.ticks
      if (!first) continue
      const path = segmentPath({ backend: codec.backend, cid: first.cid, tt: first.tt, hourUs })
      codec.append({ write: (bytes) => this.#store.append(path, bytes) }, hour)
      ticks += hour.ticks.length
    }
    this.#advance(message.seq, newestStUs)
    onTicks(ticks)
  }

  async #takeEvent(message: LogMessage): Promise<void> {
    const text = Buffer.from(message.payload).toString('utf8')
    const stUs = Number(/"st":(\d+)/.exec(text)?.[1] ?? Date.now() * 1_000)
    this.#store.append(eventsPath(stUs), message.payload)
    this.#advance(message.seq, stUs)
  }

  #advance(seq: number, newestStUs: number): void {
    this.#store.advance(seq, newestStUs)
    this.#dirty = true
  }

  /** A full or broken disk: keep the lock, take nothing more, try again until it works. */
  async #commit(kind: 'visible' | 'durable'): Promise<void> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
      try {
        await (kind === 'visible' ? this.#store.commitVisible() : this.#store.commitDurable())
        this.#dirty = false
        if (this.state === 'stalled') this.#become('following', 'the disk takes writes again')
        return
      } catch (error) {
        if (codeOf(error) !== 'IBS_STORAGE_WRITE_FAILED') throw error
        this.#become('stalled', String(error))
        await pause(waitMs, this.#options.signal)
      }
    }
  }

  /** Also where nothing happens the position moves on with the log, or a quiet partition would hold the keeper back. */
  async #settle(): Promise<void> {
    const seq = await this.#reader.caughtUpTo().catch(() => undefined)
    if (seq !== undefined && seq > this.#store.seq) this.#advance(seq, 0)
    await this.#commit('durable')
  }

  #afterCut(wantedSeq: number, firstSeq: number): void {
    this.#options.onCut(wantedSeq - 1, firstSeq)
    this.#advance(firstSeq - 1, 0)
  }

  #followState(state: ReaderState, reason: string): void {
    if (state === 'following' || state === 'holding') this.#become(state, reason)
    else if (state === 'connecting') this.#become('recovering', reason)
  }

  #become(state: PartitionState, reason: string): void {
    if (state === this.state) return
    this.state = state
    this.#options.onState(state, reason)
  }
}
