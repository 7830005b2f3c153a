import type { BackfillEvent, GapEvent, RecorderEvent, TickType } from '@ib-stream/model'

/** A stretch of time, `[fromUs, untilUs)`, µs UTC. */
export interface TimeRange {
  fromUs: number
  untilUs: number
}

/** A time in which ticks may be missing, and what was done about it. */
export interface LedgerGap extends TimeRange, Pick<GapEvent, 'cause' | 'reason' | 'code'> {
  /** It goes on. */
  isOpen: boolean
  /** How its filling ended; undefined while that is to come. */
  fill: BackfillEvent | undefined
}

/** What the ledger says of one stream. */
export interface StreamLedger {
  cid: number
  tt: TickType
  /** When it was recorded at all, gaps within. Sorted, disjoint. */
  recorded: TimeRange[]
  /** In the order in which they were over; one that goes on is the last. */
  gaps: LedgerGap[]
  /** Ranges that were filled because somebody asked for them. */
  asked: BackfillEvent[]
}

/**
 * The ledger by stream, from the recorder's events. A stream is recorded from its first subscription or gap on until nobody asked for it any more, or until the
 * last event of a run of ingest that the next run says nothing about.
 * @param events in the order of the log, from the beginning of the recording
 * @param untilUs up to when the recording is known, µs; what goes on ends there
 */
export function streamLedgers(events: Iterable<RecorderEvent>, untilUs: number): StreamLedger[] {
  const streams = new Map<string, StreamTrace>()
  const runs = new RunWatch()
  for (const event of events) {
    const lastOfRunUs = runs.hear(event)
    if (lastOfRunUs !== undefined) for (const stream of streams.values()) stream.runEnded(lastOfRunUs)
    if (!('tt' in event)) continue
    const key = `${event.cid} ${event.tt}`
    const stream = streams.get(key) ?? new StreamTrace(event.cid, event.tt)
    streams.set(key, stream)
    stream.hear(event)
  }
  return [...streams.values()].map((stream) => stream.ledger(untilUs)).sort((a, b) => a.cid - b.cid || (a.tt < b.tt ? -1 : 1))
}

/** Sees where one run of ingest ends and the next begins. */
class RunWatch {
  #epoch = 0
  #isConnected = false
  #lastUs = 0

  /** @returns `st` of the last event of the run that is over, where this event begins the next */
  hear(event: RecorderEvent): number | undefined {
    if (event.kind === 'lost') return undefined
    const connects = event.kind === 'connection' && event.state === 'connected'
    // A run that was killed says no goodbye: the next one counts its connections from the beginning.
    const isNext = event.epoch < this.#epoch || (connects && this.#isConnected && event.epoch === this.#epoch)
    const lastUs = this.#lastUs
    this.#epoch = event.epoch
    if (event.kind === 'connection') this.#isConnected = connects
    else if (isNext) this.#isConnected = false
    this.#lastUs = event.st
    return isNext ? lastUs : undefined
  }
}

type StreamEvent = Extract<RecorderEvent, { tt: TickType }>

class StreamTrace {
  readonly #cid: number
  readonly #tt: TickType
  readonly #recorded: TimeRange[] = []
  readonly #gaps: LedgerGap[] = []
  readonly #asked: BackfillEvent[] = []
  #sinceUs: number | undefined
  /** When it seemed to be over; taken back by a gap that says that it was wanted all the time. */
  #endedUs: number | undefined
  /** When nobody asked for it any more; a gap that begins later is of a recording of its own. */
  #leftUs: number | undefined
  #open: LedgerGap | undefined

  constructor(cid: number, tt: TickType) {
    this.#cid = cid
    this.#tt = tt
  }

  hear(event: StreamEvent): void {
    switch (event.kind) {
      case 'subscription':
        if (event.state === 'subscribed') this.#begin(event.st)
        else if (event.state === 'ended' && !this.#open) this.#leave(event.st)
        break
      case 'gap_opened':
        this.#wanted(event.fromUs)
        this.#open ??= { ...factsOf(event), fromUs: event.fromUs, untilUs: Number.POSITIVE_INFINITY, isOpen: true, fill: undefined }
        break
      case 'gap':
        this.#wanted(event.fromUs)
        this.#open = undefined
        this.#gaps.push({ ...factsOf(event), fromUs: event.fromUs, untilUs: event.toUs, isOpen: false, fill: undefined })
        break
      case 'backfill':
        if (event.asked) this.#asked.push(event)
        else this.#filled(event)
        break
      case 'backfill_page':
      case 'jump':
      case 'lag':
        break
    }
  }

  /** Of the next run only a gap shows that the stream was wanted in between. */
  runEnded(lastUs: number): void {
    if (this.#sinceUs !== undefined) this.#endedUs ??= lastUs
  }

  ledger(untilUs: number): StreamLedger {
    const recorded = [...this.#recorded]
    if (this.#sinceUs !== undefined) recorded.push({ fromUs: this.#sinceUs, untilUs: this.#endedUs ?? Math.max(untilUs, this.#sinceUs) })
    const open = this.#open ? [{ ...this.#open, untilUs: Math.max(this.#open.fromUs, this.#endedUs ?? untilUs) }] : []
    return { cid: this.#cid, tt: this.#tt, recorded, gaps: [...this.#gaps, ...open], asked: this.#asked }
  }

  #begin(us: number): void {
    if (this.#sinceUs !== undefined && this.#endedUs !== undefined) {
      this.#recorded.push({ fromUs: this.#sinceUs, untilUs: this.#endedUs })
      this.#sinceUs = us
      this.#open = undefined
    }
    this.#sinceUs ??= us
    this.#endedUs = undefined
    this.#leftUs = undefined
  }

  #leave(us: number): void {
    this.#endedUs ??= us
    this.#leftUs ??= us
  }

  #wanted(fromUs: number): void {
    if (this.#leftUs !== undefined && fromUs > this.#leftUs) return this.#begin(fromUs)
    this.#sinceUs ??= fromUs
    this.#endedUs = undefined
    this.#leftUs = undefined
  }

  #filled(event: BackfillEvent): void {
    const gap = this.#gaps.findLast(({ fromUs, untilUs }) => fromUs === event.gapFromUs && untilUs === event.gapToUs)
    if (gap) gap.fill = event
  }
}

const factsOf = ({ cause, reason, code }: Pick<GapEvent, 'cause' | 'reason' | 'code'>) => ({
  cause,
  reason,
  ...(code === undefined ? {} : { code }),
})
