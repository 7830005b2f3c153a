import {
  type Bus,
  EVENTS_FILTER,
  type LogMessage,
  type LogReader,
  messageAt,
  openLogReader,
  partitionFilter,
  pause,
  type ReaderState,
} from '@ib-stream/bus'
import { msFromUs, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import {
  doJob,
  eventsPath,
  type JobResult,
  openPartitionStore,
  type PartitionId,
  type PartitionJob,
  type PartitionStore,
  type Sealed,
} from '@ib-stream/storage'
import { Archivist } from './archivist.ts'
import type { SegmentCodec } from './codec.ts'
import { type CommitKind, Committer } from './committer.ts'
import { WriterError } from './errors.ts'
import { everyInTurn } from './every-in-turn.ts'
import { fillHole } from './fill-hole.ts'
import { reportInvalid } from './invalid-lines.ts'
import { readLogFloor } from './log-floor.ts'
import { reportLogGap } from './log-gap.ts'
import { logTimeAt } from './log-time.ts'
import type { PartitionState, PartitionStatus } from './partition-state.ts'
import { reportRebuilt } from './rebuilt.ts'
import { serveOwner } from './serve-owner.ts'
import { lineOfEvent, stampOfEvent } from './stamp-of-event.ts'
import { takeTicks } from './take-ticks.ts'

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
  onTicks: (tt: string, ticks: number) => void
  /** A file of the archive was made. */
  onSealed: (sealed: Sealed) => void
}

const LOOK_AT_LAG_EVERY_MS = 2_000
/** Ticks come all the time, and the moments between two of them are short. */
const CATCH_UP_LOOK_MS = 20
const CATCH_UP_WITHIN_MS = 8_000
const MS_PER_SECOND = msFromUs(US_PER_SECOND)

/**
 * Owns one partition from lock to release: recovers it, follows the log from its position, commits. Returns undefined when another process holds it.
 * The position lives with the files, so whatever dies, the next owner goes on exactly there.
 */
export async function takePartition(options: PartitionOptions): Promise<PartitionWriter | undefined> {
  const { codec, dataDir, partition, owner } = options
  const store = await openPartitionStore({
    dataDir,
    backend: codec.backend,
    partition,
    source: owner,
    logFloor: () => readLogFloor(options),
    onRebuilt: (rebuilt) => reportRebuilt(options, rebuilt),
  })
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
  #committer: Committer
  #settling: Promise<void> | undefined
  #dirty = false
  #stall = new AbortController()
  /** Finish, or it failed. */
  readonly #ending: AbortSignal
  #reason = ''
  #lagMessages = 0
  #newestStUs: number
  #bytes = 0
  #committedMs = performance.now()
  /** Of the backend that is sealed; the others are files as they are written. */
  readonly #archivist: Archivist | undefined

  constructor(options: PartitionOptions, store: PartitionStore) {
    this.#options = options
    this.partition = options.partition
    this.#store = store
    this.#archivist = Archivist.of(options, store)
    this.#committer = new Committer({
      store,
      signal: options.signal,
      onStalled: (reason) => this.#become('stalled', reason),
      onCommitted: () => this.#noteCommit(),
      onFailed: (error) => this.#stall.abort(error),
    })
    this.#newestStUs = store.newestStUs
    this.#ending = AbortSignal.any([options.signal, this.#stall.signal])
    this.#reader = openLogReader({
      bus: options.bus,
      filter: typeof options.partition === 'number' ? partitionFilter(options.partition) : EVENTS_FILTER,
      fromSeq: store.seq + 1,
      spoolId: options.owner.spoolId,
      signal: this.#ending,
      onState: (state, reason) => this.#followState(state, reason),
      onCut: (_wantedSeq, firstSeq) => void this.#inTurn(() => this.#passHole(firstSeq - 1)),
    })
    this.done = this.#run()
  }

  /** Last log sequence that is in the files or waits for the next commit. */
  get seq(): number {
    return this.#store.seq
  }

  get status(): PartitionStatus {
    const { durableSeq, listedFiles } = this.#store.state
    const lagUs = Math.max(0, usFromMs(Date.now()) - this.#newestStUs)
    return {
      partition: this.partition,
      state: this.state,
      reason: this.#reason,
      seq: this.seq,
      durableSeq,
      lagMessages: this.#lagMessages,
      lagSeconds: this.#lagMessages > 0 && this.#newestStUs > 0 ? lagUs / US_PER_SECOND : 0,
      checkpointAgeSeconds: (performance.now() - this.#committedMs) / MS_PER_SECOND,
      bytes: this.#bytes,
      openFiles: listedFiles,
    }
  }

  /** Does work on the files of the partition; what it throws does not harm the partition. Repair has the files to itself, between two commits, and the log waits. */
  async doJob(job: PartitionJob, say: (said: object) => void): Promise<JobResult> {
    const { codec, dataDir, signal } = this.#options
    const work = () => doJob(this.#store, { backend: codec.backend, partition: this.partition }, job, { dataDir, say, signal })
    if (job.do === 'retention') return await work()
    if (job.do === 'import') await this.#catchUp()
    let outcome: PromiseSettledResult<JobResult> | undefined
    await this.#inTurn(async () => {
      await this.#commit('durable')
      this.#become('lent', job.do)
      outcome = (await Promise.allSettled([work()]))[0]
      this.#archivist?.lookAgain()
      if (this.#store.state.word === 'failed') throw outcome?.status === 'rejected' ? outcome.reason : new Error('the store failed')
      this.#become(STATE_OF[this.#reader.state], `${job.do} is done`)
    })
    if (outcome?.status === 'fulfilled') return outcome.value
    throw outcome?.reason
  }

  /** An hour that is over may still lie in the log, and what is imported into it must know all that was recorded of it. */
  async #catchUp(): Promise<void> {
    const untilMs = performance.now() + CATCH_UP_WITHIN_MS
    while ((await this.#reader.caughtUpTo().catch(() => undefined)) === undefined) {
      if (performance.now() > untilMs) throw behind(this.#options, this.status)
      await pause(CATCH_UP_LOOK_MS, this.#options.signal)
    }
  }

  async #run(): Promise<void> {
    const { checkpointVisibleMs, checkpointDurableMs } = this.#options
    const admin = serveOwner(this, this.#options)
    const timers = [
      everyInTurn(checkpointVisibleMs, this.partition, () => this.#dirty && this.#commitBeside()),
      everyInTurn(checkpointDurableMs, this.partition, () => this.#settle()),
      everyInTurn(LOOK_AT_LAG_EVERY_MS, this.partition, () => void this.#lookAtLag()),
    ]
    try {
      await this.#inTurn(async () => this.#archivist?.recover())
      if (this.#store.seq === 0) await this.#inTurn(() => this.#passHole(0)) // a new backend; another one may have what never was in this log
      for await (const batch of this.#reader.batches()) {
        await this.#inTurn(() => this.#takeAll(batch))
      }
    } catch (error) {
      if (!this.#options.signal.aborted) throw error
    } finally {
      admin.close()
      for (const timer of timers) timer.stop()
      await this.#archivist?.close()
      await this.#settling // what it does to files is done under the lock
      await this.#turn.catch(() => undefined)
      await this.#committer.idle()
      if (!this.#stall.signal.aborted) await this.#store.commitDurable().catch(() => undefined) // else the next owner replays the rest from the log
      await this.#store.close()
      this.#become('released', 'released')
    }
  }

  /** Taking, and all work that needs the files to itself, never overlap; what fails ends the partition. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch((error: unknown) => this.#stall.abort(error))
    return turn
  }

  async #takeAll(batch: readonly LogMessage[]): Promise<void> {
    for (const message of batch) {
      await this.#committer.room()
      this.#stall.signal.throwIfAborted()
      await (typeof this.partition === 'number' ? this.#takeTicks(message) : this.#takeEvent(message))
    }
  }

  async #takeTicks(message: LogMessage): Promise<void> {
    const { writes, ticks, tt, poison, newestStUs } = takeTicks(message, this.#options)
    if (poison.length > 0) await reportInvalid(this.#options, message, poison)
    for (const { path, bytes } of writes) if (!(await this.#archivist?.holds(path, message.seq))) this.#append(path, bytes)
    this.#advance(message.seq, newestStUs)
    this.#options.onTicks(tt, ticks)
  }

  async #takeEvent(message: LogMessage): Promise<void> {
    const stUs = stampOfEvent(message.payload)
    this.#append(eventsPath(stUs), lineOfEvent(message.payload))
    this.#advance(message.seq, stUs)
  }

  #append(path: string, bytes: Uint8Array): void {
    this.#store.append(path, bytes)
    this.#bytes += bytes.length
  }

  #advance(seq: number, newestStUs: number): void {
    this.#store.advance(seq, newestStUs)
    this.#newestStUs = Math.max(this.#newestStUs, newestStUs)
    if (this.#lagMessages > 0) this.#lagMessages -= 1
    this.#dirty = true
  }

  #commit(kind: CommitKind): Promise<void> {
    this.#dirty = false
    return this.#committer.commit(kind)
  }

  #commitBeside(): void {
    this.#dirty = false
    this.#committer.beside('visible')
  }

  #noteCommit(): void {
    this.#committedMs = performance.now()
    if (this.state === 'stalled') this.#become(STATE_OF[this.#reader.state], 'the disk takes writes again')
  }

  /** Commits durably while the log goes on. A seed or a full disk may take longer than the time to the next one, which is then left out. */
  #settle(): void {
    this.#settling ??= this.#settleOnce()
      .catch((error: unknown) => this.#stall.abort(error))
      .finally(() => {
        this.#settling = undefined
      })
  }

  async #settleOnce(): Promise<void> {
    await this.#inTurn(() => this.#moveOn())
    await this.#commit('durable')
    if (this.#archivist) await this.#inTurn(() => this.#seal())
  }

  /** Also where nothing happens position and time move on with the log: a quiet partition would hold the keeper back, and its last hour would stay open. */
  async #moveOn(): Promise<void> {
    const seq = await this.#reader.caughtUpTo().catch(() => undefined)
    if (seq === undefined || seq <= this.#store.seq) return
    const last = await messageAt(this.#options.bus.manager, seq, this.#ending).catch(() => undefined) // the time can wait for the next look
    this.#advance(seq, last ? logTimeAt(last) : 0)
  }

  async #seal(): Promise<void> {
    await this.#commit('durable')
    await this.#archivist?.sealHours()
    this.#archivist?.sealDays((work) => this.#inTurn(() => this.#betweenCommits(work))).catch((error: unknown) => this.#stall.abort(error))
  }

  async #betweenCommits(work: () => Promise<void>): Promise<void> {
    await this.#commit('durable')
    await work()
  }

  /** What was trimmed before we took it is taken from elsewhere; what nobody has is gone, and told, for good, before the position passes it. */
  async #passHole(toSeq: number): Promise<void> {
    await this.#commit('durable')
    const filledSeq = Math.min(toSeq, await this.#fillHole())
    if (filledSeq < toSeq) {
      const fromSeq = filledSeq + 1
      this.#options.onState(this.state, `the log was cut too early: messages ${fromSeq} to ${toSeq} are gone`)
      await reportLogGap(this.#options, { fromSeq, toSeq, fromUs: this.#newestStUs })
    }
    this.#advance(Math.max(toSeq, this.#store.seq), 0)
    await this.#commit('durable')
  }

  async #fillHole(): Promise<number> {
    const hole = {
      store: this.#store,
      commit: () => this.#commit('durable'), // nothing is sealed before the position has passed the hole: what is there already is known by its rows
      onSeeding: (reason: string) => this.#become('seeding', reason),
    }
    const filledSeq = await fillHole(this.#options, hole)
    if (this.state === 'seeding') this.#become(STATE_OF[this.#reader.state], 'what others have is there')
    return filledSeq
  }

  async #lookAtLag(): Promise<void> {
    const pending = await this.#reader.pending().catch(() => undefined)
    if (pending !== undefined) this.#lagMessages = pending
  }

  #followState(state: ReaderState, reason: string): void {
    if (!KEPT.has(this.state) && state !== 'closed') this.#become(STATE_OF[state], reason)
  }

  #become(state: PartitionState, reason: string): void {
    if (state === this.state) return
    this.state = state
    this.#reason = reason
    this.#options.onState(state, reason)
  }
}

function behind({ codec: { backend }, partition }: PartitionOptions, { state, lagMessages }: PartitionStatus): WriterError {
  return new WriterError(
    'IBS_WRITER_BEHIND',
    `partition ${partition} of ${backend} is ${state}, ${lagMessages} messages behind the log; begin the import again when it has caught up`,
    { backend, partition, state, lagMessages },
  )
}

/** They end with what began them: a commit that goes well, a seed or a piece of work that is done. */
const KEPT = new Set<PartitionState>(['stalled', 'seeding', 'lent'])

const STATE_OF: Record<ReaderState, PartitionState> = {
  connecting: 'recovering',
  following: 'following',
  holding: 'holding',
  closed: 'recovering', // only until the release, which says its own word
}
