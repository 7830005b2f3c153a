import { randomUUID } from 'node:crypto'
import type { LeaseAnswer, TickType } from '@ib-stream/model'
import type { Bus } from './connection.ts'
import { askForStream } from './ingest-requests.ts'

/** A lease stands for 30 s: two renewals may fail. */
const RENEW_EVERY_MS = 10_000
/** Without an answer it is asked for again sooner. */
const RETRY_AFTER_MS = 2_000

export interface KeepLeaseOptions {
  bus: Bus
  cid: number
  tt: TickType
  /** Told each time that what ingest says of the stream is new. */
  onAnswer?: (answer: LeaseAnswer) => void
  /** Timer of the caller's clock; the default is the system's. */
  after?: (ms: number, work: () => void) => { cancel(): void }
}

export interface StreamLease extends AsyncDisposable {
  /** What ingest said first. */
  readonly first: Promise<LeaseAnswer>
  /** What ingest said last. */
  readonly answer: LeaseAnswer | undefined
  /** Gives the stream back; nobody else's lease of it ends. */
  close(): Promise<void>
}

/** Has ingest record a stream until it is closed: asks, and renews every ten seconds. Leases of several processes for one stream share one request to IB. */
export function keepLease(options: KeepLeaseOptions): StreamLease {
  return new KeptLease(options)
}

class KeptLease implements StreamLease {
  readonly first: Promise<LeaseAnswer>
  answer: LeaseAnswer | undefined
  readonly #options: KeepLeaseOptions
  readonly #holder = randomUUID()
  #timer: { cancel(): void } | undefined
  #closed = false

  constructor(options: KeepLeaseOptions) {
    this.#options = options
    this.first = this.#renew()
  }

  async #renew(): Promise<LeaseAnswer> {
    const { bus, after = systemTimer, onAnswer } = this.#options
    const answer = await askForStream(bus, this.#options, { holder: this.#holder })
    if (this.#closed) return answer
    if (gist(answer) !== gist(this.answer)) onAnswer?.(answer)
    this.answer = answer
    const isHeard = answer.ok || answer.code !== 'IBS_BUS_NO_ANSWER'
    this.#timer = after(isHeard ? RENEW_EVERY_MS : RETRY_AFTER_MS, () => void this.#renew())
    return answer
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    const { bus } = this.#options
    if (bus.state === 'connected') await askForStream(bus, this.#options, { holder: this.#holder, end: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** What of an answer is news. */
const gist = (answer: LeaseAnswer | undefined): string =>
  answer === undefined ? '' : answer.ok ? `${answer.state} ${answer.reason ?? ''}` : `${answer.code} ${answer.message}`

function systemTimer(ms: number, work: () => void): { cancel(): void } {
  const timer = setTimeout(work, ms)
  return { cancel: () => clearTimeout(timer) }
}
