import type { SimContract } from '../contract/contract.ts'
import type { Tick, TickKind } from '../market/tick.ts'

/** Where the tape puts the frames of a client; a client session is one. */
export interface TickSink {
  /** Takes a frame for the next flush. Returns false when the client is gone or gets nothing: then nothing was taken. */
  queueTick(payload: string): boolean
  /** Hands all queued frames to the socket in one write. */
  flushTicks(): void
  /** For the truth log; undefined before START_API, when nothing is sent. */
  readonly clientId: number | undefined
  /** True while the socket wants no more. */
  readonly congested: boolean
}

/** What a tick-by-tick request asks for. */
export interface SubscriptionTerms {
  readonly sink: TickSink
  readonly requestId: number
  readonly contract: SimContract
  readonly kind: TickKind
  /** Quotes in which only a size moved are left out. */
  readonly ignoreSize?: boolean
}

/** One tick-by-tick request that stands. */
export class Subscription {
  readonly sink: TickSink
  readonly requestId: number
  readonly contract: SimContract
  readonly kind: TickKind
  readonly ignoreSize: boolean
  /** Reasons why nothing flows; each is taken away by who put it there. */
  readonly silences = new Set<object>()
  /** Added to every price that is sent. */
  priceOffset = 0
  /** Cancelled, or its client is gone: what was on its way to it is not sent any more. */
  over = false
  /** Ticks that wait until what goes before them was sent; undefined: nothing waits. */
  backlog: Tick[] | undefined

  constructor({ sink, requestId, contract, kind, ignoreSize = false }: SubscriptionTerms) {
    this.sink = sink
    this.requestId = requestId
    this.contract = contract
    this.kind = kind
    this.ignoreSize = ignoreSize
  }
}

/** All subscriptions of all clients, found by what a tick is. */
export class SubscriptionBook {
  readonly #byContract = new Map<number, Map<TickKind, Subscription[]>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get all(): readonly Subscription[] {
    return [...this.#byContract.values()].flatMap((kinds) => [...kinds.values()].flat())
  }

  add(subscription: Subscription): void {
    const kinds = this.#byContract.get(subscription.contract.conId) ?? new Map<TickKind, Subscription[]>()
    this.#byContract.set(subscription.contract.conId, kinds)
    kinds.set(subscription.kind, [...(kinds.get(subscription.kind) ?? []), subscription])
    this.#count++
  }

  /** @returns whether it stood */
  remove(subscription: Subscription): boolean {
    const kinds = this.#byContract.get(subscription.contract.conId)
    const standing = kinds?.get(subscription.kind)
    if (kinds === undefined || standing === undefined || !standing.includes(subscription)) return false
    const left = standing.filter((other) => other !== subscription)
    if (left.length > 0) kinds.set(subscription.kind, left)
    else kinds.delete(subscription.kind)
    if (kinds.size === 0) this.#byContract.delete(subscription.contract.conId)
    this.#count--
    return true
  }

  /** Whether anybody listens to the contract. */
  has(conId: number): boolean {
    return this.#byContract.has(conId)
  }

  matching(conId: number, kind: TickKind): readonly Subscription[] {
    return this.#byContract.get(conId)?.get(kind) ?? NONE
  }
}

const NONE: readonly Subscription[] = []
