import type { SimContract } from '../contract/contract.ts'
import type { Refusal } from '../limit/tick-lines.ts'
import type { Outlet } from '../session/outlet.ts'
import type { Subscription } from '../tape/subscription.ts'
import type { Field } from '../wire/frame.ts'
import { Layers } from './layers.ts'

/** Which subscriptions get nothing. */
export interface Silence {
  fits(subscription: Subscription): boolean
}

/** What is refused, and how. */
export interface Denial {
  /** @returns the error for a tick-by-tick request, or undefined where it may be answered */
  ticks(contract: SimContract): Refusal | undefined
  /** @returns the error for a historical request, or undefined where it may be answered */
  history(contract: SimContract): Refusal | undefined
}

/** How the gateway behaves just now. Faults change it; sessions, requests and the tape look at it. */
export class Conduct {
  /** Silences that also take what is subscribed to while they last. */
  readonly silences = new Set<Silence>()
  readonly denials = new Set<Denial>()
  /** Message ids of requests that get no answer, and how often each was named. */
  readonly deaf = new Map<string, number>()
  /** For how long a cancelled request still gets ticks. */
  readonly afterCancelSeconds = new Layers(0)
  /** Added to what the gateway says the time is, µs. */
  timeOffsetUs = 0
  /** Farms that are not well: the welcome says so. One may be broken twice. */
  readonly brokenFarms = new Set<{ readonly name: string }>()
  /** Times without a connection to IB, and whether one that ended before them lost the subscriptions. */
  readonly outages = new Set<{ dataLost: boolean }>()
  /** Messages that a client hears right after the welcome. */
  readonly greetings = new Set<readonly Field[]>()
  /** What happens to each connection that is made while they last. */
  readonly arrivals = new Set<(outlet: Outlet) => void>()

  isBroken(farm: string): boolean {
    return [...this.brokenFarms].some(({ name }) => name === farm)
  }

  /** Applies what is going on to a new subscription. */
  welcome(subscription: Subscription): void {
    for (const silence of this.silences) if (silence.fits(subscription)) subscription.silences.add(silence)
  }

  refusalOf(request: 'ticks' | 'history', contract: SimContract): Refusal | undefined {
    for (const denial of this.denials) {
      const refusal = denial[request](contract)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}
