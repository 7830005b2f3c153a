import type { Tick } from './api-types.ts'
import { ClientError } from './errors.ts'
import type { StreamEvent } from './events.ts'
import { type ContractRef, type TickType, type Time, timeText } from './options.ts'
import { passing } from './passing.ts'
import { send, type Transport, urlOf } from './request.ts'

export interface WatchOptions {
  /** Up to 100. */
  contracts: readonly ContractRef[]
  /** @default ['bid_ask'] */
  tickTypes?: readonly TickType[] | undefined
  /** Begin with what was recorded since; without it live at once. */
  from?: Time | undefined
  /** Go on after this place instead. */
  after?: string | undefined
  /** @default 45000 */
  idleMs?: number | undefined
  onTick: (tick: Tick) => void
  onEvent?: ((event: StreamEvent) => void) | undefined
  signal: AbortSignal
}

const WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000
const IDLE_MS = 45_000
/** A subscription that fails so often in a row without a tick between does not come back by itself. */
const MOST_FAILURES_IN_A_ROW = 5
const NAME = 'watch'
/** Close codes after which it is no use to come back: an administrator ended it, the key was taken back. */
const FINAL_CLOSES: readonly number[] = [1008, 4001]
const REFUSALS: readonly number[] = [400, 401, 403, 404, 409]

type Message = { type: string; id?: string; data: unknown }
interface Place {
  cursor: string | undefined
  ticks: number
}

/**
 * Live ticks of many contracts over one WebSocket, over as many connections as it takes; a browser lends a server only six at a time for streams of their own.
 * @throws ClientError when it cannot go on; `signal.reason`
 */
export async function watch(transport: Transport, options: WatchOptions): Promise<void> {
  const { signal, onEvent = () => undefined, after } = options
  const place: Place = { cursor: after, ticks: 0 }
  let [waitMs, failures] = [WAIT_MS, 0]
  for (;;) {
    signal.throwIfAborted()
    const before = place.ticks
    const cause = await connection(transport, options, place)
    signal.throwIfAborted()
    failures = place.ticks > before || cause.facts.status === 0 ? 0 : failures + 1
    if (place.ticks > before) waitMs = WAIT_MS
    if (failures >= MOST_FAILURES_IN_A_ROW) throw cause
    onEvent({ name: 'reconnecting', inMs: waitMs, cause })
    await passing(waitMs, signal)
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)
  }
}

/** @returns why it ended, where it makes sense to come back */
async function connection(transport: Transport, options: WatchOptions, place: Place): Promise<ClientError> {
  const { signal, idleMs = IDLE_MS, onTick, onEvent = () => undefined } = options
  const url = urlOf(transport.url, { template: '/v3/ws/stream', query: { api_key: transport.apiKey } })
  url.protocol = url.protocol.replace('http', 'ws')
  const socket = new WebSocket(url)
  let [isOpen, heardMs] = [false, performance.now()]
  let problem: ClientError | undefined
  const leave = () => socket.close()
  signal.addEventListener('abort', leave, { once: true })
  const pulse = setInterval(() => {
    if (performance.now() - heardMs > idleMs) return socket.close()
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ping' }))
  }, idleMs / 3)
  socket.addEventListener('open', () => {
    isOpen = true
    socket.send(JSON.stringify(subscribe(options, place.cursor)))
  })
  socket.addEventListener('message', ({ data: raw }) => {
    heardMs = performance.now()
    const { type, id, data } = JSON.parse(String(raw)) as Message
    if (type === 'connected' || type === 'pong') return
    if (id !== undefined) place.cursor = id
    if (type === 'tick') {
      place.ticks += 1
      return onTick(data as Tick)
    }
    const event = { name: type, data } as StreamEvent
    onEvent(event)
    if (event.name !== 'complete' && event.name !== 'error') return
    if (event.data.resume !== undefined) place.cursor = event.data.resume
    problem = event.name === 'error' ? new ClientError(event.data.code, event.data.message, { status: 200 }) : ended(event.data.reason)
    socket.close()
  })
  const code = await new Promise<number>((resolve) => socket.addEventListener('close', (event) => resolve(event.code), { once: true }))
  clearInterval(pulse)
  signal.removeEventListener('abort', leave)
  if (!isOpen && !signal.aborted) await findOutWhy(transport, signal)
  if (FINAL_CLOSES.includes(code)) throw problem ?? ended(String(code))
  return problem ?? new ClientError('IBS_CLIENT_SERVER_AWAY', `the connection to ${url.host} ended (${code})`, { status: 0 })
}

function subscribe({ contracts, tickTypes = ['bid_ask'], from }: WatchOptions, after: string | undefined) {
  const start = from === undefined ? {} : { start_time: String(timeText(from)) }
  return { type: 'subscribe', id: NAME, data: { contracts, tick_types: tickTypes, ...start, ...(after === undefined ? {} : { after }) } }
}

const ended = (reason: string): ClientError =>
  new ClientError('IBS_CLIENT_STREAM_ENDED', `the server ended the subscription: ${reason}`, { status: 0 })

/** A WebSocket does not tell why it was refused; a request does. */
async function findOutWhy(transport: Transport, signal: AbortSignal): Promise<void> {
  try {
    await send(transport, { template: '/v3/info', signal })
  } catch (error) {
    if (error instanceof ClientError && REFUSALS.includes(error.facts.status)) throw error
  }
}
