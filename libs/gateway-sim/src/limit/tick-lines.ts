import { type Clock, secondsToUs } from '../clock.ts'
import { Layers } from '../fault/layers.ts'
import type { TickKind } from '../market/tick.ts'

/** Why a tick-by-tick request gets no line: an error for its reqId. */
export interface Refusal {
  readonly code: number
  readonly text: string
}

export interface TickLineSettings {
  /** Tick-by-tick requests that may stand at once, over all clients. */
  readonly lines: number
  /** Seconds before the same kind of the same instrument may be asked for again; 0: at once. */
  readonly repeatSeconds: number
}

/** The account's tick-by-tick lines. They belong to the account, so all clients share them and the memory outlives connections. */
export class TickLines {
  readonly lines: Layers<number>
  readonly #repeatUs: number
  readonly #clock: Clock
  readonly #askedAtUs = new Map<string, number>()
  #taken = 0

  constructor({ lines, repeatSeconds }: TickLineSettings, clock: Clock) {
    this.lines = new Layers(lines)
    this.#repeatUs = secondsToUs(repeatSeconds)
    this.#clock = clock
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes a line. @returns why not */
  take(conId: number, kind: TickKind): Refusal | undefined {
    const nowUs = this.#clock.steadyUs()
    const key = `${conId} ${kind}`
    const askedAtUs = this.#askedAtUs.get(key)
    if (askedAtUs !== undefined && nowUs - askedAtUs < this.#repeatUs) return TOO_SOON
    if (this.#taken >= this.lines.value) return NO_LINE
    this.#askedAtUs.set(key, nowUs)
    this.#taken++
    return undefined
  }

  release(): void {
    this.#taken--
  }

  /** A gateway that was started anew does not know who asked before. */
  forget(): void {
    this.#askedAtUs.clear()
  }
}

const NO_LINE: Refusal = { code: 10190, text: 'Max number of tick-by-tick requests has been reached.' }

/** IB documents the rule but not how its breach is answered. */
const TOO_SOON: Refusal = {
  code: 322,
  text: "Error processing request.-'bW' : cause - Only one tick-by-tick request for the same instrument is allowed within 15 seconds",
}
