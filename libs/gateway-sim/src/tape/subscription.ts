import type { SimContract } from '../contract/contract.ts'
import type { TickKind } from '../market/tick.ts'

/** Where the tape puts the frames of a client; a client session is one. */
export interface TickSink {
  /** Takes a frame for the next flush. Returns false when the client is gone: then nothing was taken. */
  queueTick(payload: string): boolean
  /** Hands all queued frames to the socket in one write. */
  flushTicks(): void
  /** True while the socket wants no more. */
  readonly congested: boolean
}

/** One tick-by-tick request that stands. */
export interface Subscription {
  readonly sink: TickSink
  readonly requestId: number
  readonly contract: SimContract
  readonly kind: TickKind
}

/** All subscriptions of all clients, found by what a tick is. */
export class SubscriptionBook {
  readonly #byContract = new Map<number, Map<TickKind, Subscription[]>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(subscription: Subscription): void {
    const kinds = this.#byContract.get(subscription.contract.conId) ?? new Map<TickKind, Subscription[]>()
    this.#byContract.set(subscription.contract.conId, kinds)
    kinds.set(subscription.kind, [...(kinds.get(subscription.kind) ?? []), subscription])
    this.#count++
  }

  remove(subscription: Subscription): void {
    const kinds = this.#byContract.get(subscription.contract.conId)
    const standing = kinds?.get(subscription.kind)
    if (kinds === undefined || standing === undefined || !standing.includes(subscription)) return
    kinds.set(
      subscription.kind,
      standing.filter((other) => other !== subscription),
    )
    this.#count--
  }

  matching(conId: number, kind: TickKind): readonly Subscription[] {
    return this.#byContract.get(conId)?.get(kind) ?? NONE
  }
}

const NONE: readonly Subscription[] = []
