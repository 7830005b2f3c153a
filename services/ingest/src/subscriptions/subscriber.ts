import type { TickType } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import type { Contract as IbContract } from '@stoqey/ib'
import { type DesiredStream, type LinePlan, planLines } from './line-plan.ts'
import { type Refusal, refusalOf } from './refusals.ts'
import type { RequestGuard } from './request-guard.ts'

/** What subscribing needs of a session with the gateway. */
export interface TickSession {
  /** @throws what the gateway or its silence says, with IB's `code` where there is one */
  contract(cid: number): Promise<IbContract>
  subscribe(rid: number, contract: IbContract, tt: TickType): void
  unsubscribe(rid: number): void
}

/** `waiting`: for the gateway, for its contract or for the 15-second rule; `no_line`: the plan has no line for it. */
export type SubscriptionState = 'waiting' | 'no_line' | 'subscribed' | 'refused'

export interface SubscriberOptions {
  /** Tick-by-tick lines that the account has. */
  lines: number
  clock: Clock
  guard: RequestGuard
  onSubscribed(stream: DesiredStream): void
  onRefused(stream: DesiredStream, refusal: Refusal & { code: number; message: string }): void
  /** It is not asked for any more, or had to give its line to another. */
  onEnded(stream: DesiredStream, reason: string): void
}

interface Entry {
  stream: DesiredStream
  state: SubscriptionState
  reason: string | undefined
  /** Of the last refusal. */
  code: number | undefined
  /** The plan has a line for it. */
  granted: boolean
  /** The gateway has a request of ours under its id. */
  live: boolean
  /** The contract is being looked up. */
  asking: boolean
  /** When to ask. */
  due: Timer | undefined
}

/**
 * Holds the gateway's subscriptions to what is desired: asks for what is missing, each stream at most once at a time and not again within the 15-second rule, asks
 * again after a refusal, takes lines from the least important when there are not enough.
 */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #entries = new Map<number, Entry>()
  readonly #contracts = new Map<number, IbContract>()
  #session: TickSession | undefined
  #plan: LinePlan

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.#plan = planLines([], options.lines)
  }

  get plan(): LinePlan {
    return this.#plan
  }

  /** `code` is IB's, of a refusal. */
  stateOf(rid: number): { state: SubscriptionState; reason?: string; code?: number } | undefined {
    const entry = this.#entries.get(rid)
    if (!entry) return undefined
    const { state, reason, code } = entry
    return { state, ...(reason !== undefined && { reason }), ...(code !== undefined && state === 'refused' && { code }) }
  }

  /** The gateway has a request of ours for the stream. */
  isLive(rid: number): boolean {
    return this.#entries.get(rid)?.live ?? false
  }

  /** The contract as IB described it, once it was looked up. */
  contractOf(cid: number): IbContract | undefined {
    return this.#contracts.get(cid)
  }

  /** From now on these streams are wanted. */
  desire(desired: readonly DesiredStream[]): LinePlan {
    this.#plan = planLines(desired, this.#options.lines)
    const wanted = new Set(desired.map(({ rid }) => rid))
    for (const [rid, entry] of this.#entries) {
      if (wanted.has(rid)) continue
      this.#entries.delete(rid)
      this.#takeLine(entry, 'nobody asks for it any more')
    }
    for (const stream of this.#plan.waiting) this.#withhold(this.#entryOf(stream))
    for (const stream of this.#plan.granted) this.#grant(this.#entryOf(stream))
    return this.#plan
  }

  /** A session takes requests. */
  begin(session: TickSession): void {
    this.#session = session
    for (const entry of this.#entries.values()) if (entry.granted) void this.#ask(entry)
  }

  /** The session is gone, and every request with it. */
  leave(): void {
    this.#session = undefined
    for (const entry of this.#entries.values()) {
      this.#forget(entry)
      if (entry.granted) Object.assign(entry, { state: 'waiting', reason: AWAY } satisfies Partial<Entry>)
    }
  }

  /** The gateway answered the request of a stream with an error. False where no such stream is known. */
  refuse(rid: number, code: number, message: string): boolean {
    const entry = this.#entries.get(rid)
    if (entry) this.#refused(entry, code, message)
    return entry !== undefined
  }

  /** IB sends ticks, whatever it said before: the refusal is over. Gives the stream back where that is news. */
  revive(rid: number): DesiredStream | undefined {
    const entry = this.#entries.get(rid)
    if (entry?.state !== 'refused') return undefined
    entry.due?.cancel()
    Object.assign(entry, { state: 'subscribed', reason: undefined, live: true, due: undefined } satisfies Partial<Entry>)
    return entry.stream
  }

  /** Ends the stream's request and asks for it anew, when the 15-second rule lets it. */
  restart(rid: number, reason: string): void {
    const entry = this.#entries.get(rid)
    if (!entry?.live) return
    this.#takeLine(entry, reason)
    Object.assign(entry, { state: 'waiting', reason } satisfies Partial<Entry>)
    void this.#ask(entry)
  }

  #entryOf(stream: DesiredStream): Entry {
    const known = this.#entries.get(stream.rid)
    if (known) {
      known.stream = stream
      return known
    }
    const entry: Entry = {
      stream,
      state: 'waiting',
      reason: undefined,
      code: undefined,
      granted: false,
      live: false,
      asking: false,
      due: undefined,
    }
    this.#entries.set(stream.rid, entry)
    return entry
  }

  #grant(entry: Entry): void {
    if (entry.granted) return
    Object.assign(entry, { granted: true, state: 'waiting', reason: this.#session ? undefined : AWAY } satisfies Partial<Entry>)
    void this.#ask(entry)
  }

  #withhold(entry: Entry): void {
    this.#takeLine(entry, 'its line went to a stream that comes before it')
    const reason = `all ${this.#options.lines} tick-by-tick lines are taken by streams that come before it`
    Object.assign(entry, { granted: false, state: 'no_line', reason } satisfies Partial<Entry>)
  }

  #takeLine(entry: Entry, reason: string): void {
    const { live } = entry
    this.#forget(entry)
    if (!live) return
    this.#session?.unsubscribe(entry.stream.rid)
    this.#options.onEnded(entry.stream, reason)
  }

  #forget(entry: Entry): void {
    entry.due?.cancel()
    Object.assign(entry, { live: false, due: undefined } satisfies Partial<Entry>)
  }

  async #ask(entry: Entry): Promise<void> {
    const session = this.#session
    if (!session || entry.live || entry.asking || entry.due) return
    entry.asking = true
    try {
      const contract = await this.#lookUp(session, entry.stream.cid)
      entry.asking = false
      if (this.#isCurrent(entry, session)) this.#subscribe(entry, session, contract)
    } catch (error) {
      entry.asking = false
      if (this.#isCurrent(entry, session)) this.#refused(entry, codeIn(error), error instanceof Error ? error.message : String(error))
    }
    if (this.#session !== session) void this.#ask(entry) // the session changed under the look-up
  }

  #isCurrent(entry: Entry, session: TickSession): boolean {
    return session === this.#session && entry.granted && this.#entries.get(entry.stream.rid) === entry
  }

  async #lookUp(session: TickSession, cid: number): Promise<IbContract> {
    const known = this.#contracts.get(cid)
    if (known) return known
    const contract = await session.contract(cid)
    this.#contracts.set(cid, contract)
    return contract
  }

  #subscribe(entry: Entry, session: TickSession, contract: IbContract): void {
    const { stream } = entry
    const { guard } = this.#options
    const waitMs = guard.waitMs(stream.rid)
    if (waitMs > 0) {
      Object.assign(entry, { state: 'waiting', reason: `IB takes no second request within 15 s; asked for in ${waitMs} ms` })
      return this.#askIn(entry, waitMs)
    }
    guard.asked(stream.rid)
    session.subscribe(stream.rid, contract, stream.tt)
    Object.assign(entry, { state: 'subscribed', reason: undefined, live: true } satisfies Partial<Entry>)
    this.#options.onSubscribed(stream)
  }

  #refused(entry: Entry, code: number, message: string): void {
    const refusal = refusalOf(code, message)
    if (refusal.kind === 'duplicate') this.#session?.unsubscribe(entry.stream.rid)
    this.#forget(entry)
    Object.assign(entry, { state: 'refused', reason: `${message} (${code}); ${refusal.advice}`, code } satisfies Partial<Entry>)
    this.#options.onRefused(entry.stream, { ...refusal, code, message })
    this.#askIn(entry, refusal.retryAfterMs)
  }

  #askIn(entry: Entry, ms: number): void {
    entry.due?.cancel()
    entry.due = this.#options.clock.after(ms, () => {
      entry.due = undefined
      void this.#ask(entry)
    })
  }
}

const AWAY = 'the gateway is away'

function codeIn(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : 0
}
