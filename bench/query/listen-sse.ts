// A part of the bench: SSE clients of query-api, some that get ticks and some that wait for ticks that never come. Each tick is looked at: those of a client have rising
// `st`, and the time since `st` is measured. Ends when every client has as many as were promised, when one was ended, or after the deadline.
import { Agent, get, type IncomingMessage } from 'node:http'
import { orderOf, sharedClockUs, tell } from '../bus/part.ts'

interface Order {
  url: string
  /** Contract of the clients that get ticks. */
  cid: number
  clients: number
  idle: number
  /** What each of them gets. */
  ticks: number
  epochUs: number
  withinMs: number
}

const { url, cid, clients, idle, ticks, epochUs, withinMs } = orderOf<Order>()
const IDLE_CIDS = 25
const IDLE_FROM = 900_001
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
const latenciesUs = new Float64Array(clients * ticks)
let measured = 0
let ended = 0
let disordered = 0
let subscribed = 0
const allSubscribed = Promise.withResolvers<void>()
const finished = Promise.withResolvers<void>()

class Client {
  ticks = 0
  #st = 0
  #rest = ''

  take(text: string): void {
    const nowUs = epochUs + sharedClockUs()
    const frames = `${this.#rest}${text}`.split('\n\n')
    this.#rest = frames.pop() ?? ''
    for (const frame of frames) {
      if (frame.startsWith('event: tick\n')) this.#tick(frame, nowUs)
      else if (frame.startsWith('event: info\n') && frame.includes('"subscribed"') && ++subscribed === clients + idle)
        allSubscribed.resolve()
      else if (frame.startsWith('event: complete\n') || frame.startsWith('event: error\n')) end()
    }
  }

  #tick(frame: string, nowUs: number): void {
    const at = frame.indexOf('"st":') + 5
    const st = Number(frame.slice(at, frame.indexOf(',', at)))
    if (st <= this.#st) disordered += 1
    this.#st = st
    this.ticks += 1
    latenciesUs[measured++] = nowUs - st
    if (measured === clients * ticks) finished.resolve()
  }
}

function end(): void {
  ended += 1
  finished.resolve()
}

function connect(of: number): Client {
  const client = new Client()
  get(`${url}/v3/stream/${of}/live?tick_types=bid_ask,last`, { agent }, (response: IncomingMessage) => {
    response.setEncoding('utf8').on('data', (text: string) => client.take(text))
    response.on('close', end)
  }).on('error', end)
  return client
}

for (let i = 0; i < idle; i++) connect(IDLE_FROM + (i % IDLE_CIDS))
const busy = Array.from({ length: clients }, () => connect(cid))
await allSubscribed.promise
tell({ ready: true })
setTimeout(() => finished.resolve(), withinMs)
await finished.promise
const sorted = latenciesUs.subarray(0, measured).sort()
const at = (share: number) => sorted[Math.min(measured - 1, Math.floor(measured * share))] ?? 0
const missing = busy.reduce((sum, client) => sum + ticks - client.ticks, 0)
tell({ missing, ended, disordered, taken: measured, p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) })
process.exit(0)
