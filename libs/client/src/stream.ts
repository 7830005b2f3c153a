import type { Tick } from './api-types.ts'
import { ClientError } from './errors.ts'
import type { StreamEvent } from './events.ts'
import { passing } from './passing.ts'
import { type QueryValue, type Request, send, serverAway, type Transport, urlOf } from './request.ts'
import { eventsOf, type SseEvent } from './sse.ts'

export interface StreamSettings {
  /** What is asked for first, and again after each break. */
  request: Request & { query: Record<string, QueryValue> }
  /** Where what was begun goes on after a break; an answer without gaps, whatever the log holds. */
  resumeTemplate: string
  /** Go on after this place instead of beginning. */
  after: string | undefined
  /** End after so many ticks. */
  limit: number | undefined
  /** Nothing at all for so long means a dead connection: the server sends something every 15 seconds. */
  idleMs: number
  onEvent: (event: StreamEvent) => void
  signal: AbortSignal | undefined
}

/** First wait after a break; it doubles, up to the longest. */
const WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000
/** A stream that fails so often in a row without a tick between does not come back by itself. */
const MOST_FAILURES_IN_A_ROW = 5
const AGAIN_STATUSES: readonly number[] = [429, 502, 503, 504]
const AGAIN_REASONS: readonly string[] = ['server_shutdown', 'slow_consumer']

/** What one connection came to. */
type Ending = { kind: 'over' } | { kind: 'again'; cause: ClientError; failed: boolean }

/** Ticks of one subscription over as many connections as it takes: nothing twice, nothing missing. */
export class TickStream implements AsyncIterable<Tick> {
  readonly #transport: Transport
  readonly #settings: StreamSettings
  #cursor: string | undefined
  #given = 0
  #hasConnected = false

  constructor(transport: Transport, settings: StreamSettings) {
    this.#transport = transport
    this.#settings = settings
    this.#cursor = settings.after
  }

  /** Place behind the tick that was given last; `after` of another stream goes on from there, also in another process. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  /** @throws ClientError when the stream cannot go on: a refusal, or no server at the first attempt; `signal.reason` when the signal ends it */
  async *[Symbol.asyncIterator](): AsyncGenerator<Tick, void, undefined> {
    const { signal, onEvent } = this.#settings
    let [waitMs, failures] = [WAIT_MS, 0]
    for (;;) {
      signal?.throwIfAborted()
      const before = this.#given
      const ending = yield* this.#connection()
      if (ending.kind === 'over') return
      if (this.#given > before) [waitMs, failures] = [WAIT_MS, 0]
      failures += ending.failed ? 1 : 0
      if (failures >= MOST_FAILURES_IN_A_ROW) throw ending.cause
      const inMs = Math.max(waitMs, ending.cause.facts.retryAfterMs ?? 0)
      onEvent({ name: 'reconnecting', inMs, cause: ending.cause })
      await passing(inMs, signal)
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)
    }
  }

  async *#connection(): AsyncGenerator<Tick, Ending, undefined> {
    const { signal, idleMs } = this.#settings
    const idle = new AbortController()
    const ends = signal === undefined ? idle.signal : AbortSignal.any([signal, idle.signal])
    const wake = () => setTimeout(() => idle.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs)
    let timer = wake()
    const alive = () => {
      clearTimeout(timer)
      timer = wake()
    }
    const request = this.#request()
    try {
      const { body } = await send(this.#transport, { ...request, signal: ends })
      if (!body) throw serverAway(urlOf(this.#transport.url, request), 'an answer without a body')
      this.#hasConnected = true
      for await (const events of eventsOf(body, { onBytes: alive, signal: ends })) {
        for (const event of events) {
          const ending = yield* this.#take(event)
          if (ending) return ending
        }
      }
      throw serverAway(urlOf(this.#transport.url, request), 'the stream ended in the middle')
    } catch (error) {
      signal?.throwIfAborted()
      return this.#broken(error, urlOf(this.#transport.url, request))
    } finally {
      clearTimeout(timer)
      idle.abort()
    }
  }

  #request(): Request {
    const { request, resumeTemplate, limit } = this.#settings
    const left = limit === undefined ? {} : { limit: limit - this.#given }
    const { headers, query } = request
    const accept = { ...headers, accept: 'text/event-stream' }
    if (this.#cursor === undefined) return { ...request, query: { ...query, ...left }, headers: accept }
    return { ...request, template: resumeTemplate, query: { ...query, ...left }, headers: { ...accept, 'last-event-id': this.#cursor } }
  }

  /** Gives a tick, tells of anything else. */
  *#take({ name, id, data }: SseEvent): Generator<Tick, Ending | undefined, undefined> {
    if (id !== undefined) this.#cursor = id
    if (name === 'tick') {
      this.#given += 1
      yield JSON.parse(data) as Tick
      return this.#settings.limit === this.#given ? { kind: 'over' } : undefined
    }
    if (name === '') return undefined
    const event = { name, data: JSON.parse(data) as unknown } as StreamEvent
    this.#settings.onEvent(event)
    if (event.name === 'complete') return this.#completed(event.data)
    return event.name === 'error' ? this.#failed(event.data) : undefined
  }

  #completed({ reason, resume }: { reason: string; resume?: string | undefined }): Ending {
    if (resume !== undefined) this.#cursor = resume
    const cause = new ClientError('IBS_CLIENT_STREAM_ENDED', `the server ended the stream: ${reason}`, { status: 200 })
    if (AGAIN_REASONS.includes(reason)) return { kind: 'again', cause, failed: false }
    if (reason === 'ended_by_admin') throw cause
    return { kind: 'over' }
  }

  #failed({ code, message, resume }: { code: string; message: string; resume?: string | undefined }): Ending {
    if (resume !== undefined) this.#cursor = resume
    return { kind: 'again', cause: new ClientError(code, message, { status: 200 }), failed: true }
  }

  #broken(error: unknown, url: URL): Ending {
    const cause = error instanceof ClientError ? error : serverAway(url, error)
    const { status } = cause.facts
    if (cause.code === 'IBS_CLIENT_STREAM_ENDED') throw cause
    if (AGAIN_STATUSES.includes(status) || (status === 0 && this.#hasConnected)) return { kind: 'again', cause, failed: false }
    throw cause
  }
}
