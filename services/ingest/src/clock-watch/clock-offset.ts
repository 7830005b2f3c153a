import { US_PER_SECOND } from '@ib-stream/model'

/** An answer of IB to "what time is it": whole seconds, so only bounds can be told. */
export interface TimeAnswer {
  /** Our stamps of the question and of the answer, µs. */
  askedUs: number
  heardUs: number
  /** s since 1970, cut to whole ones. */
  ibSeconds: number
}

/** Our time minus IB's, µs: between these. */
export interface OffsetBounds {
  lowUs: number
  highUs: number
}

/** Answers that are held together; one comes every five seconds. */
const MOST_ANSWERS = 12

/**
 * What answers of IB say of our clock. One tells little more than the second; several that fall into different parts of it narrow each other. An answer that
 * contradicts those before it means that a clock was set or drifts: from there on only the newer ones count.
 */
export class ClockOffset {
  #answers: OffsetBounds[] = []

  /** Undefined before the first answer. */
  get bounds(): OffsetBounds | undefined {
    const [first] = this.#answers
    return first && this.#answers.reduce(both, first)
  }

  take({ askedUs, heardUs, ibSeconds }: TimeAnswer): OffsetBounds {
    const ibUs = ibSeconds * US_PER_SECOND
    const newest = { lowUs: askedUs - ibUs - US_PER_SECOND, highUs: heardUs - ibUs }
    const kept: OffsetBounds[] = [newest]
    for (const older of this.#answers) {
      const together = kept.reduce(both, older)
      if (together.lowUs > together.highUs || kept.length === MOST_ANSWERS) break
      kept.push(older)
    }
    this.#answers = kept // newest first
    return kept.reduce(both, newest)
  }
}

const both = (a: OffsetBounds, b: OffsetBounds): OffsetBounds => ({
  lowUs: Math.max(a.lowUs, b.lowUs),
  highUs: Math.min(a.highUs, b.highUs),
})
