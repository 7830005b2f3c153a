import type { TickMessage } from '@ib-stream/model'
import { StudiesError } from './errors.ts'
import type { EventClock } from './event-clock.ts'
import type { Study, StudyOutput } from './study.ts'

const NONE: readonly StudyOutput[] = []

/** How a study gets its time, and how often it speaks. */
export interface Pace {
  clock: EventClock
  /** Least event time between two outputs, µs: the state at the end of each such stretch. 0: an output for each tick that changes it. */
  everyUs: number
  /** First `ts` that is given, µs UTC. */
  fromUs: number
}

/** What all studies share: one contract, event time, session resets, and the pace of outputs. */
export abstract class EventStudy implements Study {
  abstract readonly name: string
  protected readonly clock: EventClock
  readonly #everyUs: number
  readonly #fromUs: number
  #bucket = Number.NaN
  #isDue = false
  #hasCounted = false
  #cid = 0
  #out: StudyOutput[] = []

  constructor({ clock, everyUs, fromUs }: Pace) {
    this.clock = clock
    this.#everyUs = everyUs
    this.#fromUs = fromUs
  }

  push(tick: TickMessage): readonly StudyOutput[] {
    if (!this.wants(tick)) return NONE
    if (tick.cid !== this.#cid) this.#pin(tick.cid)
    this.#speakBefore(tick)
    if (this.clock.endsSession(tick)) {
      this.#speak()
      this.endTicks(this.clock.sessionUntilUs)
      this.reset()
      this.#hasCounted = false
    }
    this.clock.advance(tick)
    if (this.take(tick)) {
      this.#hasCounted = true
      if (this.#everyUs === 0) this.emit(this.output())
      else this.#isDue = true
    }
    return this.#handOver()
  }

  flush(untilUs = Number.NEGATIVE_INFINITY): readonly StudyOutput[] {
    this.#speak()
    this.endTicks(untilUs)
    return this.#handOver()
  }

  snapshot(): StudyOutput | undefined {
    return this.#hasCounted ? this.output() : undefined
  }

  protected get cid(): number {
    return this.#cid
  }

  /** Is every tick given whose time is `startUs` or later? By `st` not from the first moment on: what came then may have the `ts` of the second before. */
  protected hasAllFrom(startUs: number): boolean {
    return this.clock.name === 'ts' ? startUs >= this.#fromUs : startUs > this.#fromUs
  }

  protected emit(output: StudyOutput): void {
    this.#out.push(output)
  }

  /** Is it a tick that this study uses? */
  protected abstract wants(tick: TickMessage): boolean
  /** Takes one at the clock's time. @returns true where that makes an output */
  protected abstract take(tick: TickMessage): boolean
  /** The state as an output. */
  protected abstract output(): StudyOutput
  /** Forgets what belongs to the session that is over. */
  protected abstract reset(): void
  /**
   * Gives what is unfinished, as a session ends or the ticks do.
   * @param _untilUs no tick before it is to come, by `ts`; µs UTC
   */
  protected endTicks(_untilUs: number): void {}

  /** A tick of a later stretch has come: the state before it is the one at the end of the stretch that is over. */
  #speakBefore(tick: TickMessage): void {
    if (this.#everyUs === 0) return
    const bucket = Math.floor(Math.max(tick.ts, this.clock.tsUs) / this.#everyUs)
    if (bucket !== this.#bucket) this.#speak()
    this.#bucket = bucket
  }

  #speak(): void {
    if (this.#isDue) this.emit(this.output())
    this.#isDue = false
  }

  #pin(cid: number): void {
    if (this.#cid !== 0) {
      const what = `${this.name} has ticks of contract ${this.#cid} and was given one of ${cid}; make a study for each contract`
      throw new StudiesError('IBS_STUDIES_CONTRACT_MIXED', what, { cids: [this.#cid, cid] })
    }
    this.#cid = cid
  }

  #handOver(): readonly StudyOutput[] {
    if (this.#out.length === 0) return NONE
    const out = this.#out
    this.#out = []
    return out
  }
}

/** A number for JSON: null where there is none. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
