import { type Publisher, tickSubject } from '@ib-stream/bus'
import {
  checkTick,
  eventSubject,
  type RecorderEvent,
  type TickFault,
  type TickMessage,
  type TickType,
  US_PER_SECOND,
  usFromMs,
} from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { encodeTickJson } from '@ib-stream/storage'
import { codeIn } from '../gateway-error.ts'
import type { AskedRanges } from './asked-ranges.ts'
import { Doorbell } from './doorbell.ts'
import { type FillPorts, fill, type StreamRange } from './fill.ts'
import { endEvent, type FillEnd, type FillJob, type FillRange, fillJob, jobKey, pageEvent } from './fill-job.ts'
import { FillWalk } from './fill-walk.ts'
import type { Seconds } from './fill-window.ts'
import { HISTORY_KINDS, type PastTick } from './history-page.ts'
import { HistoryPages, type HistorySession } from './history-pages.ts'
import { historyVerdict } from './history-refusal.ts'
import type { DoneBefore } from './pending-fills.ts'

export interface BackfillNote {
  kind: 'backfill'
  cid: number
  tt: TickType
  fromUs: number
  toUs: number
  state: FillEnd['state'] | 'later'
  ticks: number
  pages: number
  reason?: string | undefined
}

export interface BackfillOptions {
  clock: Clock
  publisher: Pick<Publisher, 'add' | 'full'>
  /** The session, while IB can be asked. */
  session(): HistorySession | undefined
  epoch(): number
  /** Recorded ticks in files and log, with everything that was published before. @throws where that cannot be said now */
  recorded(range: StreamRange, signal: AbortSignal): Promise<readonly TickMessage[]>
  /** Our time minus IB's, µs. */
  offsetUs(): number
  /** Gaps, or parts of gaps, that are older are not filled by themselves; ms. */
  mostBackMs: number
  /** Keeps what was asked for over restarts. */
  asked: Pick<AskedRanges, 'add' | 'ended'>
  /** IB's history had something that is no tick. */
  onInvalid(tick: PastTick, fault: TickFault, stUs: number): void
  onFilled(tt: TickType, ticks: number): void
  onNote(note: BackfillNote): void
}

/** What comes last before a gap's end may reach IB's history late. */
const HISTORY_BEHIND_US = 10 * US_PER_SECOND
const LOOK_EVERY_MS = 1_000
const LATER_MS = 30_000
/** The wait doubles with each refusal, so often: IB's history is away for hours at times. */
const MOST_DOUBLINGS = 5
/** Two streams of a contract lose the gateway at the same moment, but each had its last tick at its own. */
const TWINS_DIFFER_US = 60 * US_PER_SECOND
/** After so many refusals in a row, some seven hours, what seemed to go later is taken for something that never goes. */
const MOST_REFUSALS = 30

/** How a job stands. */
export interface FillStatus extends FillRange {
  state: 'waiting' | 'running' | FillEnd['state']
  ticks: number
  pages: number
  /** Of what is to be covered, 0 to 1. */
  share: number
  reason?: string | undefined
}

/**
 * Fills gaps from IB's history, one job at a time, the shortest first, so that a long absence does not hold up the small holes. A job that cannot go on now is tried
 * again; a loop that is bounded in rate by {@link LATER_MS} and IB's pacing, and in count, where it is refused for no reason that passes, by {@link MOST_REFUSALS}.
 */
export class BackfillDesk {
  readonly #options: BackfillOptions
  readonly #pages: HistoryPages
  readonly #bell: Doorbell
  readonly #jobs = new Map<string, FillJob>()
  readonly #ends = new Map<string, Set<(status: FillStatus) => void>>()
  readonly #running = new Set<FillJob>()

  constructor(options: BackfillOptions) {
    this.#options = options
    this.#bell = new Doorbell(options.clock)
    this.#pages = new HistoryPages(options.clock, () => options.session())
  }

  /** Jobs that are not at their end. */
  get waiting(): readonly FillStatus[] {
    return [...this.#jobs.values()].map((job) => this.#statusOf(job))
  }

  /** A gap of the ledger is over; with what an earlier run did of it. */
  addGap(gap: FillRange, before?: DoneBefore): void {
    if (this.#options.mostBackMs === 0 || this.#jobs.has(jobKey(gap))) return
    const { clock } = this.#options
    const waitUs = Math.min(HISTORY_BEHIND_US, gap.toUs + HISTORY_BEHIND_US - clock.nowUs())
    this.#add({ ...fillJob(gap, { notBeforeUs: clock.steadyUs() + waitUs }), ...before })
  }

  /** A range that somebody asked an earlier run for, and what that did of it. */
  addAsked(range: FillRange, before: DoneBefore): void {
    if (!this.#jobs.has(jobKey(range))) this.#add({ ...fillJob(range, { asked: true }), ...before })
  }

  /** Somebody asks for a range of IB's stamps. @param onStatus told after each page, and at the end; gives up by the function returned */
  ask(range: FillRange, onStatus: (status: FillStatus) => void): () => void {
    const key = jobKey(range)
    if (!this.#jobs.has(key)) {
      this.#options.asked.add(range)
      this.#add(fillJob(range, { asked: true }))
    }
    const listeners = this.#ends.get(key) ?? new Set()
    this.#ends.set(key, listeners.add(onStatus))
    return () => listeners.delete(onStatus)
  }

  /** Works until the signal aborts; what is not at its end then is found in the log at the next start. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const job = this.#nextJob()
      try {
        if (job && this.#options.session()) await this.#work(job, signal)
        else await this.#bell.wait(LOOK_EVERY_MS, signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }

  #add(job: FillJob): void {
    this.#jobs.set(jobKey(job), job)
    this.#bell.ring()
  }

  #nextJob(): FillJob | undefined {
    const nowUs = this.#options.clock.steadyUs()
    const isReady = (job: FillJob) => this.#withTwins(job).every(({ notBeforeUs }) => notBeforeUs <= nowUs)
    return [...this.#jobs.values()].filter(isReady).sort((a, b) => lengthOf(a) - lengthOf(b) || a.toUs - b.toUs)[0]
  }

  #withTwins(job: FillJob): FillJob[] {
    return [job, ...[...this.#jobs.values()].filter((other) => areTwins(job, other))]
  }

  async #work(job: FillJob, signal: AbortSignal): Promise<void> {
    const { clock, mostBackMs } = this.#options
    const earliestUs = job.asked ? Number.NEGATIVE_INFINITY : clock.nowUs() - usFromMs(mostBackMs)
    if (job.toUs <= earliestUs) return this.#finish(job, { state: 'unavailable', reason: 'it is older than IB_STREAM_BACKFILL' })
    const jobs = this.#withTwins(job)
    for (const one of jobs) this.#running.add(one)
    const onPage = () => {
      for (const one of jobs) this.#tell(this.#statusOf(one))
    }
    try {
      await fill(jobs, this.#ports(signal), { notBeforeUs: earliestUs, onPage })
      for (const one of jobs) this.#finish(one, endOfFilled(one, earliestUs))
    } catch (error) {
      signal.throwIfAborted()
      this.#failed(job, error)
    } finally {
      this.#running.clear()
    }
  }

  #failed(job: FillJob, error: unknown): void {
    const { clock, session } = this.#options
    const [code, reason] = [codeIn(error), Error.isError(error) ? error.message : String(error)]
    const meant = historyVerdict(code, reason)
    if (meant === 'later' && session() && code !== undefined) job.refusals += 1
    const verdict = job.refusals >= MOST_REFUSALS ? 'never' : meant
    if (verdict === 'too_fast') this.#pages.refused()
    if (verdict === 'never') return this.#finish(job, endOfRefused(job, reason, code))
    if (verdict !== 'too_fast') job.notBeforeUs = clock.steadyUs() + usFromMs(laterMs(job))
    this.#note(job, 'later', reason)
  }

  #finish(job: FillJob, end: FillEnd): void {
    this.#publish(endEvent(job, end))
    this.#note(job, end.state, end.reason)
    this.#jobs.delete(jobKey(job))
    if (job.asked) this.#options.asked.ended(job)
    this.#tell({ ...this.#statusOf(job), ...end, share: end.state === 'filled' ? 1 : this.#statusOf(job).share })
    this.#ends.delete(jobKey(job))
  }

  #ports(signal: AbortSignal): FillPorts {
    const { clock, offsetUs, recorded } = this.#options
    return {
      page: async (job, request) => {
        const ticks = await this.#pages.ask(job, request, signal)
        job.refusals = 0
        return ticks
      },
      recorded: (range) => recorded(range, signal),
      publish: (job, page, ticks) => this.#publishPage(job, page, ticks, signal),
      offsetUs,
      nowUs: () => clock.nowUs(),
    }
  }

  async #publishPage(job: FillJob, page: Seconds, ticks: readonly PastTick[], signal: AbortSignal): Promise<void> {
    const { clock, publisher, onInvalid, onFilled } = this.#options
    while (publisher.full) await clock.pause(LOOK_EVERY_MS, signal)
    for (const tick of ticks) {
      const st = clock.stampUs()
      const check = checkTick({ ...tick, st })
      if (check.ok) publisher.add({ subject: tickSubject(job.cid, job.tt), line: encodeTickJson(check.tick) })
      else onInvalid(tick, check.fault, st)
    }
    this.#publish(pageEvent(job, page, ticks.length))
    onFilled(job.tt, ticks.length)
  }

  #publish(event: Unstamped<RecorderEvent>): void {
    const { clock, publisher, epoch } = this.#options
    const { kind, ...rest } = event
    const line = JSON.stringify({ kind, st: clock.stampUs(), epoch: epoch(), ...rest })
    publisher.add({ subject: eventSubject(kind), line, event: true })
  }

  #statusOf(job: FillJob): FillStatus {
    const { cid, tt, fromUs, toUs, ticks, pages } = job
    return { cid, tt, fromUs, toUs, ticks, pages, state: this.#running.has(job) ? 'running' : 'waiting', share: shareOf(job) }
  }

  #tell(status: FillStatus): void {
    for (const listener of this.#ends.get(jobKey(status)) ?? []) listener(status)
  }

  #note({ cid, tt, fromUs, toUs, ticks, pages }: FillJob, state: BackfillNote['state'], reason: string | undefined): void {
    this.#options.onNote({ kind: 'backfill', cid, tt, fromUs, toUs, state, ticks, pages, reason })
  }
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'st' | 'epoch'> : never

const laterMs = ({ refusals }: FillJob): number => LATER_MS * 2 ** Math.min(MOST_DOUBLINGS, Math.max(0, refusals - 1))

const lengthOf = ({ fromUs, toUs }: FillRange): number => toUs - fromUs

function shareOf({ window, done }: FillJob): number {
  if (!window) return 0
  const { left } = new FillWalk(window, done)
  return 1 - Math.max(0, left.toSecond + 1 - left.fromSecond) / Math.max(1, window.toSecond + 1 - window.fromSecond)
}

/** The same pages of IB's history fill both: `last` and `all_last` of one contract, missed at the same time. */
const areTwins = (a: FillJob, b: FillJob): boolean =>
  a.tt !== b.tt &&
  a.cid === b.cid &&
  a.asked === b.asked &&
  HISTORY_KINDS[a.tt] === HISTORY_KINDS[b.tt] &&
  Math.abs(a.fromUs - b.fromUs) < TWINS_DIFFER_US &&
  Math.abs(a.toUs - b.toUs) < TWINS_DIFFER_US

const endOfFilled = ({ fromUs }: FillJob, earliestUs: number): FillEnd =>
  fromUs < earliestUs
    ? { state: 'partly', filledFromUs: earliestUs, reason: 'what is before is older than IB_STREAM_BACKFILL' }
    : { state: 'filled' }

/** IB does not give more: what there is, it is. */
function endOfRefused({ window, done }: FillJob, reason: string, code: number | undefined): FillEnd {
  const why = { reason, ...(code === undefined ? {} : { code }) }
  if (!window || done.length === 0) return { state: 'unavailable', ...why }
  return { state: 'partly', filledFromUs: (new FillWalk(window, done).left.toSecond + 1) * US_PER_SECOND, ...why }
}
