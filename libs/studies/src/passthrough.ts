import { type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { EventStudy } from './event-study.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const PASSTHROUGH_PARAMETERS = z.strictObject({ session: PARAMETERS.session, clock: PARAMETERS.clock })

export type PassthroughOutput = StudyRecord<{
  session: string | null
  st: number
  tick_type: TickType
  /** The tick as it came. */
  data: TickMessage
  metadata: {
    tick_count: number
    tick_counts_by_type: Partial<Record<TickType, number>>
    /** Event time since the first tick. */
    elapsed_seconds: number
  }
}>

/** Every tick as it came, counted: for tests, and to see what a contract sends. Counts begin anew with each session. */
export class Passthrough extends EventStudy {
  readonly name = 'passthrough'
  #tick: TickMessage | undefined
  #count = 0
  #counts: Partial<Record<TickType, number>> = {}
  #firstUs = 0

  protected wants(): boolean {
    return true
  }

  protected take(tick: TickMessage): boolean {
    if (this.#count === 0) this.#firstUs = this.clock.nowUs
    this.#tick = tick
    this.#count++
    this.#counts[tick.tt] = (this.#counts[tick.tt] ?? 0) + 1
    return true
  }

  protected output(): PassthroughOutput {
    if (this.#tick === undefined) throw new RangeError('no tick has passed yet')
    return this.#record(this.#tick)
  }

  protected reset(): void {
    this.#count = 0
    this.#counts = {}
  }

  #record(tick: TickMessage): PassthroughOutput {
    return {
      study: this.name,
      cid: tick.cid,
      ts: tick.ts,
      st: tick.st,
      session: this.clock.session,
      tick_type: tick.tt,
      data: tick,
      metadata: {
        tick_count: this.#count,
        tick_counts_by_type: { ...this.#counts },
        elapsed_seconds: (this.clock.nowUs - this.#firstUs) / US_PER_SECOND,
      },
    }
  }
}
