import { US_PER_MS } from '@ib-stream/model'
import type { Connection, Given, Incomplete } from './judge.ts'
import type { Truth } from './truth.ts'
import { LOG_KEEP_MS } from './world.ts'

export interface Asked {
  cids: readonly number[]
  startUs: number
  /** It hangs up by itself after so many ticks of a connection, one connection after the other. */
  leavesAfter: readonly number[]
}

/** Failures after which a client comes back; anything else is a finding. */
const PASSING = new Set([
  'IBS_QUERY_LIVE_UNAVAILABLE',
  'IBS_TAPE_LOG_AWAY',
  'IBS_TAPE_CLOSED',
  'IBS_TAPE_TAIL_GONE',
  'IBS_TAPE_SLOW_CONSUMER',
  'IBS_TAPE_LOG_CUT', // the keeper trims what a reader that lay still has not read yet; its id still says where it was
  'IBS_STORAGE_RANGE_UNSTABLE', // hours go by in seconds here, so checkpoints move on as fast as they are looked at
])
const BACK_AFTER_MS = 100

/** A client that comes back with the last id that it has, as standard ones do, until it is closed. */
export abstract class SeamClient implements Given, AsyncDisposable {
  readonly cids: readonly number[]
  readonly startUs: number
  readonly connections: Connection[] = []
  readonly incomplete: Incomplete[] = []
  readonly strange: string[] = []
  /** So often its id was of a part of the log that is trimmed, and it asked again without it. */
  startedOver = 0
  subscribedAt = Number.POSITIVE_INFINITY
  /** Places of all ticks so far. */
  readonly seen = new Set<number>()
  protected lastId: string | undefined
  protected readonly closed = new AbortController()
  readonly #truth: Truth
  readonly #leavesAfter: number[]
  #connection: Connection = { history: [], live: [] }
  #isLive = false
  #isSubscribed = false
  #lastPlace: number | undefined
  #left = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined

  constructor(truth: Truth, { cids, startUs, leavesAfter }: Asked) {
    this.cids = cids
    this.startUs = startUs
    this.#truth = truth
    this.#leavesAfter = [...leavesAfter]
  }

  start(): this {
    this.#running = this.#run()
    return this
  }

  /** Reads one connection to its end, event by event into {@link take}; leaves it when that says so. */
  protected abstract connect(signal: AbortSignal): Promise<void>

  /** @returns false: it has enough of this connection */
  protected take(name: string, data: string, id: string | undefined): boolean {
    switch (name) {
      case 'tick': {
        const place = this.#truth.placeOf(data)
        this.#left -= 1
        if (place === undefined) this.strange.push(data)
        else {
          this.#connection[this.#isLive ? 'live' : 'history'].push(place)
          this.seen.add(place)
          this.#lastPlace = place
        }
        break
      }
      case 'live':
        this.#isLive = true
        break
      case 'info':
        if (data.includes('"subscribed"')) {
          this.subscribedAt = Math.min(this.subscribedAt, this.#truth.ticks.length)
          this.#isSubscribed = true
        }
        break
      case 'error':
        this.#failed(data)
        break
      case 'resume_incomplete':
        this.incomplete.push({ fromUs: usOf((JSON.parse(data) as { from: string }).from), saidAt: this.#truth.ticks.length })
        this.#begin({ history: [], live: [], isAnew: true })
        this.#isLive = false
    }
    if (id !== undefined) this.lastId = id
    return this.#left > 0
  }

  #failed(data: string): void {
    const { code } = JSON.parse(data) as { code: string }
    if (code !== 'IBS_TAPE_CURSOR_GONE') {
      if (!PASSING.has(code)) this.strange.push(data)
    } else if (!this.#isSubscribed) this.#startOver(data)
  }

  /** As the error tells to: it asks again without the id. What followed a tick that is younger than the log must be there, though. */
  #startOver(data: string): void {
    const ageMs = performance.now() - (this.#truth.madeMs[this.#lastPlace ?? 0] ?? 0)
    if (this.startUs === Number.POSITIVE_INFINITY && ageMs < LOG_KEEP_MS)
      this.strange.push(`${data} after a tick of ${Math.round(ageMs)} ms ago`)
    this.startedOver += 1
    this.lastId = undefined
    this.subscribedAt = Number.POSITIVE_INFINITY
    this.connections.length = 0
    this.incomplete.length = 0
    this.seen.clear()
    this.#lastPlace = undefined
  }

  #begin(connection: Connection): void {
    this.#connection = connection
    const isCutOff = this.lastId?.startsWith('h.') // where the files give what the log has forgotten
    this.#isLive = this.startUs === Number.POSITIVE_INFINITY && !isCutOff
    this.connections.push(connection)
  }

  async #run(): Promise<void> {
    while (!this.closed.signal.aborted) {
      this.#begin({ history: [], live: [] })
      this.#isSubscribed = false
      this.#left = this.#leavesAfter.shift() ?? Number.POSITIVE_INFINITY
      const leave = new AbortController()
      await this.connect(AbortSignal.any([this.closed.signal, leave.signal])).catch(() => undefined) // the service went away: again with the last id
      leave.abort()
      await new Promise((resolve) => setTimeout(resolve, BACK_AFTER_MS))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed.abort()
    await this.#running
  }
}

/** Of an ISO time with six places. */
function usOf(iso: string): number {
  const [seconds = '', micros = '0'] = iso.slice(0, -1).split('.')
  return Date.parse(`${seconds}Z`) * US_PER_MS + Number(micros)
}

/** One contract by server-sent events. */
export class SseSeamClient extends SeamClient {
  readonly #baseUrl: string

  constructor(baseUrl: string, truth: Truth, asked: Asked) {
    super(truth, asked)
    this.#baseUrl = baseUrl
  }

  protected async connect(signal: AbortSignal): Promise<void> {
    const [cid] = this.cids
    const path = Number.isFinite(this.startUs) ? `buffer?start_time=${this.startUs}&` : 'live?'
    const headers: Record<string, string> = this.lastId === undefined ? {} : { 'last-event-id': this.lastId }
    const response = await fetch(`${this.#baseUrl}/v3/stream/${cid}/${path}tick_types=bid_ask,last`, { headers, signal })
    if (!response.ok) return this.#refused(await response.text())
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? []) {
      const frames = `${rest}${chunk}`.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const { event = '', data = '', id } = fieldsOf(frame)
        if (!this.take(event, data, id)) return
      }
    }
  }

  #refused(text: string): void {
    this.take('error', text, undefined)
  }
}

function fieldsOf(frame: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    frame.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 2)]
    }),
  )
}

interface Frame {
  type: string
  to?: string
  id?: string
}

/** Some contracts by one subscription of a WebSocket. */
export class WsSeamClient extends SeamClient {
  readonly #baseUrl: string

  constructor(baseUrl: string, truth: Truth, asked: Asked) {
    super(truth, asked)
    this.#baseUrl = baseUrl
  }

  protected connect(signal: AbortSignal): Promise<void> {
    const socket = new WebSocket(`${this.#baseUrl.replace('http', 'ws')}/v3/ws/stream`)
    const data = {
      contracts: this.cids,
      tick_types: ['bid_ask', 'last'],
      ...(Number.isFinite(this.startUs) ? { start_time: String(this.startUs) } : {}),
      ...(this.lastId === undefined ? {} : { after: this.lastId }),
    }
    return new Promise((resolve) => {
      const leave = () => {
        socket.close()
        resolve()
      }
      signal.addEventListener('abort', leave)
      socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'subscribe', id: 's', data })))
      socket.addEventListener('error', leave)
      socket.addEventListener('close', leave)
      let isOver = false
      socket.addEventListener('message', ({ data: message }) => {
        const text = String(message)
        if (isOver) return
        const { type, id, to } = JSON.parse(text) as Frame
        if (to !== 's') return
        isOver =
          !this.take(type, text.slice(text.indexOf(',"data":') + ',"data":'.length, -1), id) || type === 'complete' || type === 'error'
        if (isOver) leave()
      })
    })
  }
}
