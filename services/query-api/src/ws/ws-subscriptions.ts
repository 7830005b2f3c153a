import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { RouteDeps } from '../api/route.ts'
import { type Client, type ClientStream, clientStream } from '../clients/client-registry.ts'
import { QueryError } from '../errors.ts'
import { deliver } from '../stream/deliver.ts'
import type { EndReason } from '../stream/events.ts'
import { openLater } from '../stream/feed.ts'
import type { Subscribe } from './client-messages.ts'
import { openSubscription } from './open-subscription.ts'
import { WsSink } from './ws-sink.ts'

export const MOST_SUBSCRIPTIONS = 100

export interface WsSubscriptionsOptions {
  ws: WebSocket
  socket: Socket
  client: Client
  deps: RouteDeps
  /** The connection is closed. */
  gone: AbortSignal
  /** A subscription has fallen behind what is kept for it. */
  onSlow(): void
}

interface Running {
  stop: AbortController
  done: Promise<void>
}

/** The subscriptions of one WebSocket, by the names that its client gave them. */
export class WsSubscriptions {
  readonly #options: WsSubscriptionsOptions
  readonly #running = new Map<string, Running>()
  readonly #endings = new Map<EndReason, AbortController>()

  constructor(options: WsSubscriptionsOptions) {
    this.#options = options
  }

  /** @returns why it cannot begin */
  begin(message: Subscribe): QueryError | undefined {
    const { id } = message
    if (this.#running.has(id)) return nameTaken(id)
    if (this.#running.size >= MOST_SUBSCRIPTIONS) return tooMany()
    const stop = new AbortController()
    const done = this.#serve(message, stop.signal).finally(() => this.#running.delete(id))
    this.#running.set(id, { stop, done })
    return undefined
  }

  /** @returns that there is none of this name */
  end(id: string): QueryError | undefined {
    const running = this.#running.get(id)
    running?.stop.abort(new Error('unsubscribed'))
    return running ? undefined : unknown(id, [...this.#running.keys()])
  }

  /** Ends all, now and from now on; each is told why and where to go on. */
  endAll(reason: EndReason): void {
    this.#ending(reason).abort(new Error(reason))
  }

  /** Resolves when none runs any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  #ending(reason: EndReason): AbortController {
    const ending = this.#endings.get(reason) ?? new AbortController()
    this.#endings.set(reason, ending)
    return ending
  }

  async #serve({ id, data }: Subscribe, stopped: AbortSignal): Promise<void> {
    const { ws, socket, client, deps, gone, onSlow } = this.#options
    const ends: Partial<Record<EndReason, AbortSignal>> = { unsubscribed: stopped }
    for (const reason of ['slow_consumer', 'server_shutdown', 'ended_by_admin'] as const) ends[reason] = this.#ending(reason).signal
    if (data.timeout !== undefined) ends.timeout = AbortSignal.timeout(data.timeout)
    const signal = AbortSignal.any([gone, ...Object.values(ends)])
    const sink = new WsSink(ws, { socket, to: id, left: signal })
    let entry: ClientStream | undefined
    const open = async () => {
      const feed = await openSubscription(data, deps, signal)
      entry = clientStream(id, feed.streams)
      client.streams.add(entry)
      return feed
    }
    deps.metrics.liveOpened()
    try {
      const end = await deliver(openLater(open), sink, {
        limit: data.limit,
        gone,
        ends,
        leases: deps.leases,
        onTicks: (count) => {
          client.ticks += count
          deps.metrics.liveTicks(count)
        },
        onFailure: (error) => deps.onFailure(error, client.requestId),
      })
      if (end) sink.post(end.message)
      if (end?.failed === 'IBS_TAPE_SLOW_CONSUMER') onSlow()
    } finally {
      deps.metrics.liveClosed()
      if (entry) client.streams.delete(entry)
    }
  }
}

function nameTaken(id: string): QueryError {
  return new QueryError('IBS_QUERY_MESSAGE_INVALID', `id: "${id}" is a subscription that runs; unsubscribe it, or choose another name`, {
    field: 'id',
    value: id,
  })
}

function tooMany(): QueryError {
  return new QueryError('IBS_QUERY_TOO_MANY_STREAMS', `${MOST_SUBSCRIPTIONS} subscriptions run on this connection; unsubscribe one`)
}

function unknown(id: string, running: readonly string[]): QueryError {
  return new QueryError('IBS_QUERY_SUBSCRIPTION_UNKNOWN', `there is no subscription "${id}"; it may have ended`, {
    field: 'id',
    value: id,
    allowed: running,
  })
}
