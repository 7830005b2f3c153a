import { usFromMs } from '@ib-stream/model'
import type { OpenSession, SessionHandlers } from '../../src/connection/gateway-session.ts'
import type { ModelGateway } from './gateway.ts'

const SOCKET_TAKES_MS = 20
const REQUEST_TAKES_MS = 50

/** A session with the {@link ModelGateway}, as the recorder has it. */
export class ModelSession implements OpenSession {
  readonly #gateway: ModelGateway
  readonly #handlers: SessionHandlers
  readonly #nowSteadyUs: () => number
  /** Streams that the gateway serves here, and those of which it has not taken the request yet, by request id. */
  readonly requests = new Set<number>()
  readonly asked = new Set<number>()
  #waiting: (() => void)[] = []
  #isHeld = false
  #isEnded = false

  constructor(gateway: ModelGateway, handlers: SessionHandlers, nowSteadyUs: () => number) {
    this.#gateway = gateway
    this.#handlers = handlers
    this.#nowSteadyUs = nowSteadyUs
  }

  open(): void {
    setTimeout(() => {
      if (this.#isEnded) return
      if (!this.#gateway.takeSocket(this)) return this.end('nobody listens')
      this.#handlers.socketOpen()
      this.#soon(SOCKET_TAKES_MS, () => {
        this.#handlers.heard()
        this.#handlers.ready()
        this.#gateway.greet()
      })
    }, SOCKET_TAKES_MS)
  }

  askTime(): void {
    const sinceUs = this.#nowSteadyUs()
    this.#soon(REQUEST_TAKES_MS, () => {
      this.tellFrame('49', '1', '0')
      this.#handlers.time({ askedUs: usFromMs(Date.now()), heardUs: usFromMs(Date.now()), ibSeconds: Date.now() / 1_000 }, sinceUs)
    })
  }

  hold(): void {
    this.#isHeld = true
  }

  goOn(): void {
    this.#isHeld = false
    this.flush()
  }

  close(reason: string): void {
    this.end(reason)
  }

  async contract(cid: number): Promise<{ conId: number }> {
    return { conId: cid }
  }

  contractDetails(): Promise<never> {
    return Promise.reject(new Error('nobody asks for contracts here'))
  }

  historicalTicks(): Promise<never> {
    return Promise.reject(new Error('nobody asks for history here'))
  }

  subscribe(rid: number): void {
    this.asked.add(rid)
    this.#soon(REQUEST_TAKES_MS, () => {
      this.asked.delete(rid)
      this.#gateway.takeRequest(rid)
    })
  }

  unsubscribe(rid: number): void {
    this.#soon(REQUEST_TAKES_MS, () => this.requests.delete(rid))
  }

  /** The socket is gone. */
  end(reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#gateway.left(this)
    this.#handlers.ended(reason, undefined)
  }

  /** Does it at once, or when it is its turn: behind all that waits already. */
  inTurn(work: () => void): void {
    if (this.#isEnded) return
    this.#waiting.push(work)
    this.flush()
  }

  /** Does what waits, where nothing stands in its way any more. */
  flush(): void {
    while (!this.#isEnded && !this.#isHeld && !this.#gateway.isMute && this.#waiting.length > 0) this.#waiting.shift()?.()
  }

  tellFrame(...fields: string[]): void {
    this.#handlers.heard()
    this.#handlers.frame(fields)
  }

  tellNotice(code: number, message: string): void {
    this.#handlers.heard()
    this.#handlers.notice(code, message)
  }

  tellError(rid: number, code: number, message: string): void {
    this.#handlers.heard()
    this.#handlers.requestError(rid, code, message)
  }

  #soon(ms: number, work: () => void): void {
    setTimeout(() => this.inTurn(work), ms)
  }
}
