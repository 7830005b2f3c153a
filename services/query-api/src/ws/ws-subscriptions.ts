import type { Socket } from 'node:net'
import { parseTime, TIME_FORMS } from '@ib-stream/model'
import type { Replay } from '@ib-stream/tape'
import type { WebSocket } from 'ws'
import type { RouteDeps } from '../api/route.ts'
import { type Client, type ClientStream, clientStream } from '../clients/client-registry.ts'
import { QueryError } from '../errors.ts'
import { deliver } from '../stream/deliver.ts'
import type { EndReason } from '../stream/events.ts'
import { openLater } from '../stream/feed.ts'
import { replayMessage } from '../stream/replay-feed.ts'
import type { ReplayControl, Subscribe } from './client-messages.ts'
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
  /** Once it is open, and is a replay. */
  replay?: Replay
  sink?: WsSink
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
    const running: Running = { stop: new AbortController(), done: Promise.resolve() }
    this.#running.set(id, running)
    running.done = this.#serve(message, running).finally(() => this.#running.delete(id))
    return undefined
  }

  /** Pauses a replay, lets it go on, moves it or changes its speed. @returns why it cannot be done */
  control(message: ReplayControl): QueryError | undefined {
    const { id } = message
    const running = this.#running.get(id)
    if (!running) return unknown(id, [...this.#running.keys()])
    const { replay, sink } = running
    if (!replay) return noReplay(id)
    const problem = steer(replay, message)
    if (!problem) sink?.post(replayMessage(replay))
    return problem
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

  async #serve({ id, data }: Subscribe, running: Running): Promise<void> {
    const { ws, socket, client, deps, gone, onSlow } = this.#options
    const ends: Partial<Record<EndReason, AbortSignal>> = { unsubscribed: running.stop.signal }
    for (const reason of ['slow_consumer', 'server_shutdown', 'ended_by_admin'] as const) ends[reason] = this.#ending(reason).signal
    if (data.timeout !== undefined) ends.timeout = AbortSignal.timeout(data.timeout)
    const signal = AbortSignal.any([gone, ...Object.values(ends)])
    const sink = new WsSink(ws, { socket, to: id, left: signal, drainWithinMs: deps.drainWithinMs })
    running.sink = sink
    let entry: ClientStream | undefined
    const open = async () => {
      const feed = await openSubscription(data, deps, signal)
      entry = clientStream(id, feed.streams)
      client.streams.add(entry)
      if ('replay' in feed) running.replay = feed.replay
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

function steer(replay: Replay, message: ReplayControl): QueryError | undefined {
  switch (message.type) {
    case 'pause':
      replay.setPaused(true)
      return undefined
    case 'resume':
      replay.setPaused(false)
      return undefined
    case 'speed':
      replay.setSpeed(message.data.speed)
      return undefined
    case 'seek': {
      const { us, problem } = parseTime(message.data.to)
      if (problem !== undefined) return messageInvalid('data.to', message.data.to, `${problem}; allowed: ${TIME_FORMS}`)
      replay.seek(us)
      return undefined
    }
  }
}

function messageInvalid(field: string, value: unknown, problem: string): QueryError {
  return new QueryError('IBS_QUERY_MESSAGE_INVALID', `${field}: ${JSON.stringify(value)} ${problem}`, { field, value })
}

const noReplay = (id: string) => messageInvalid('id', id, 'is no replay, or it is not open yet; its first event says that it is')

const nameTaken = (id: string) => messageInvalid('id', id, 'is a subscription that runs; unsubscribe it, or choose another name')

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
