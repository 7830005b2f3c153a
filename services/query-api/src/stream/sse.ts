import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Sink } from './deliver.ts'
import type { Feed } from './feed.ts'
import type { StreamMessage } from './message.ts'

/** Each event ends with a blank line: without it clients never dispatch it. */
const END = '\n\n'

/** How long a client waits before it connects again. */
const RETRY = `retry: 1000${END}`
const KEEP_ALIVE = ': keep-alive'

/** Headers of a stream; `requestId` because what is written raw passes none of the server's own. */
export const streamHeaders = (requestId: string) => ({
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
  // the stream ends only with the connection, and a stopping server waits for connections
  connection: 'close',
})

/** One event as its bytes. */
export const sseFrame = ({ name, id, json }: StreamMessage): string =>
  id === undefined ? `event: ${name}\ndata: ${json}${END}` : `event: ${name}\nid: ${id}\ndata: ${json}${END}`

/** The response to one client as a stream of events. */
export class SseSink implements Sink {
  readonly #response: ServerResponse
  readonly #left: AbortSignal
  readonly #drainWithinMs: number
  #keepAlive: NodeJS.Timeout | undefined
  #lastId = ''

  /**
   * @param options.left the client has gone, or the stream is ended: nobody waits for the client any more
   * @param options.drainWithinMs a client that takes nothing for so long is gone
   */
  constructor(response: ServerResponse, { left, drainWithinMs }: { left: AbortSignal; drainWithinMs: number }) {
    this.#response = response
    this.#left = left
    this.#drainWithinMs = drainWithinMs
  }

  /** Sends the head, and from then on a comment now and then, with the place that the feed has come to. */
  begin(feed: Feed, options: { headers: Record<string, string>; keepAliveMs: number }): void {
    this.#response.writeHead(200, options.headers)
    this.#response.write(RETRY)
    this.#keepAlive = setInterval(() => {
      if (this.#response.writableNeedDrain) return
      const { cursor } = feed
      this.#response.write(cursor === undefined || cursor === this.#lastId ? `${KEEP_ALIVE}${END}` : `${KEEP_ALIVE}\nid: ${cursor}${END}`)
      this.#lastId = cursor ?? this.#lastId
    }, options.keepAliveMs)
  }

  async send(messages: readonly StreamMessage[]): Promise<void> {
    this.#lastId = messages.at(-1)?.id ?? this.#lastId
    if (!this.#response.write(messages.map(sseFrame).join(''))) await this.#drained()
  }

  /** Without waiting for the client. */
  post(message: StreamMessage): void {
    if (!this.#response.writableEnded) this.#response.write(sseFrame(message))
  }

  /** @param last undefined: the client is gone. @param unread `leave`: a client that does not read is left at once, it goes on by its last whole event */
  end(last: StreamMessage | undefined, unread: 'wait' | 'leave'): void {
    clearInterval(this.#keepAlive)
    const response = this.#response
    if (last === undefined || (unread === 'leave' && response.writableNeedDrain)) return void response.destroy()
    response.end(sseFrame(last))
    const deadline = setTimeout(() => response.destroy(), this.#drainWithinMs).unref()
    response.once('close', () => clearTimeout(deadline))
  }

  async #drained(): Promise<void> {
    const settled = new AbortController()
    const signal = AbortSignal.any([this.#left, settled.signal])
    const deadline = wait(this.#drainWithinMs, undefined, { signal, ref: false }).then(
      () => this.#response.destroy(),
      () => undefined, // it drained, or the client went away: no deadline any more
    )
    try {
      await once(this.#response, 'drain', { signal: this.#left })
    } finally {
      settled.abort()
      await deadline
    }
  }
}
