import { once } from 'node:events'
import type { Socket } from 'node:net'
import { isoFromUs, TICK_TYPES } from '@ib-stream/model'
import type { RawData, WebSocket } from 'ws'
import { toProblem } from '../api/problem.ts'
import type { RouteDeps } from '../api/route.ts'
import type { Client } from '../clients/client-registry.ts'
import { QueryError } from '../errors.ts'
import { TokenBucket } from '../safety/token-bucket.ts'
import type { EndReason } from '../stream/events.ts'
import { eventMessage } from '../stream/message.ts'
import { type ClientMessage, MOST_CONTRACTS, readClientMessage } from './client-messages.ts'
import { CLOSE_CODES, type CloseReason } from './close-codes.ts'
import { connectionFrame, wsFrame } from './server-messages.ts'
import { MOST_SUBSCRIPTIONS, WsSubscriptions } from './ws-subscriptions.ts'

const MESSAGES_PER_SECOND = 100
const MOST_INVALID_IN_A_ROW = 20
/** Answers pile up only for a client that asks without reading. */
const MOST_WAITING_BYTES = 8 * 2 ** 20
/** How long a client may take to read its last messages. */
const CLOSE_WITHIN_MS = 3_000

export interface WsConnectionOptions {
  socket: Socket
  client: Client
  deps: RouteDeps
}

/** One client on a WebSocket: what it says, its subscriptions, and whether it is still there. */
export class WsConnection {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #client: Client
  readonly #deps: RouteDeps
  readonly #gone = new AbortController()
  readonly #subscriptions: WsSubscriptions
  readonly #rate = new TokenBucket({ most: MESSAGES_PER_SECOND, perSecond: MESSAGES_PER_SECOND })
  #isHeard = true
  #takenBytes = 0
  #invalidInARow = 0

  constructor(ws: WebSocket, { socket, client, deps }: WsConnectionOptions) {
    this.#ws = ws
    this.#socket = socket
    this.#client = client
    this.#deps = deps
    this.#subscriptions = new WsSubscriptions({
      ws,
      socket,
      client,
      deps,
      gone: this.#gone.signal,
      onSlow: () => void this.#endAll('slow_consumer', 'slowConsumer'),
    })
  }

  /** Serves the client until the connection is closed and everything that it had is released. */
  async run(): Promise<void> {
    const ws = this.#ws
    const { closing, pingEveryMs } = this.#deps
    const onClosing = () => void this.#endAll('server_shutdown', 'goingAway')
    const onEnded = () => void this.#endAll('ended_by_admin', this.#client.ended.reason === 'key' ? 'authentication' : 'policy')
    const closed = once(ws, 'close')
    ws.on('error', () => undefined) // it breaks the protocol or its size: `ws` has sent the close code, 'close' follows
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    ws.on('pong', () => {
      this.#isHeard = true
    })
    const pings = setInterval(() => this.#ping(), pingEveryMs)
    closing.addEventListener('abort', onClosing)
    this.#client.ended.addEventListener('abort', onEnded)
    try {
      this.#connected()
      if (closing.aborted) onClosing()
      await closed
    } finally {
      clearInterval(pings)
      closing.removeEventListener('abort', onClosing)
      this.#client.ended.removeEventListener('abort', onEnded)
      this.#gone.abort(new Error('the client has gone'))
      await this.#subscriptions.settled()
    }
  }

  #connected(): void {
    const capabilities = {
      max_streams_per_connection: MOST_SUBSCRIPTIONS,
      max_contracts_per_stream: MOST_CONTRACTS,
      max_messages_per_second: MESSAGES_PER_SECOND,
      supported_tick_types: [...TICK_TYPES],
      ping_interval_seconds: this.#deps.pingEveryMs / 1_000,
    }
    this.#say(connectionFrame('connected', { version: '3.0', client_id: this.#client.id, capabilities }))
  }

  /** A client that neither answered the last ping, nor said anything, nor took any bytes since is dead. */
  #ping(): void {
    const takenBytes = this.#socket.bytesWritten - this.#socket.writableLength
    if (!this.#isHeard && takenBytes === this.#takenBytes) return this.#ws.terminate()
    this.#isHeard = false
    this.#ws.ping()
    this.#takenBytes = this.#socket.bytesWritten - this.#socket.writableLength
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#isHeard = true
    if (this.#ws.readyState !== this.#ws.OPEN) return
    if (isBinary) return this.#close('unsupported')
    if (!this.#rate.take()) {
      this.#complain(
        new QueryError('IBS_QUERY_TOO_MANY_REQUESTS', `more than ${MESSAGES_PER_SECOND} messages in a second; send fewer`),
        undefined,
      )
      return this.#close('rateLimit')
    }
    const read = readClientMessage(String(data))
    this.#invalidInARow = read.problem ? this.#invalidInARow + 1 : 0
    const refused = read.problem ?? this.#take(read.message)
    if (refused) this.#complain(refused, read.to)
    if (this.#invalidInARow >= MOST_INVALID_IN_A_ROW) this.#close('invalidMessages')
  }

  /** @returns what is wrong with it here and now */
  #take(message: ClientMessage): QueryError | undefined {
    switch (message.type) {
      case 'subscribe':
        return this.#subscriptions.begin(message)
      case 'unsubscribe':
        return this.#subscriptions.end(message.id)
      case 'pause':
      case 'resume':
      case 'seek':
      case 'speed':
        return this.#subscriptions.control(message)
      case 'ping':
        this.#say(
          connectionFrame('pong', { server_timestamp: isoFromUs(this.#deps.nowUs()), client_timestamp: message.timestamp }, message.id),
        )
    }
    return undefined
  }

  /** Ends every subscription, tells each where to go on, and closes. */
  async #endAll(reason: EndReason, close: CloseReason): Promise<void> {
    this.#subscriptions.endAll(reason)
    await this.#subscriptions.settled()
    this.#close(close)
  }

  #close(reason: CloseReason): void {
    const { code, doc } = CLOSE_CODES[reason]
    this.#ws.close(code, doc)
    const deadline = setTimeout(() => this.#ws.terminate(), CLOSE_WITHIN_MS)
    this.#ws.once('close', () => clearTimeout(deadline))
  }

  #complain(problem: QueryError, to: string | undefined): void {
    const { code, detail, field, value, allowed } = toProblem(problem)
    this.#say(wsFrame(eventMessage('error', { code, message: detail, field, value, allowed }), to))
  }

  #say(frame: string): void {
    if (this.#ws.bufferedAmount > MOST_WAITING_BYTES) this.#ws.terminate()
    else if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(frame)
  }
}
