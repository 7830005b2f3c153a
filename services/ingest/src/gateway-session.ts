import type { TickType } from '@ib-stream/model'
import { type ContractDetails, EventName, IBApi, type Contract as IbContract } from '@stoqey/ib'

/** What happens on one connection to the gateway. Handlers must not throw. */
export interface SessionHandlers {
  /** Every frame's fields, at the socket read, before anything else looks at it. */
  frame(fields: readonly string[]): void
  /** A message of the gateway that belongs to a request. */
  requestError(rid: number, code: number, message: string): void
  /** A message of the gateway about itself (connectivity, farms). */
  notice(code: number, message: string): void
  /** Once, whatever ended it. */
  ended(reason: string, code: number | undefined): void
}

export interface GatewayAddress {
  host: string
  port: number
  clientId: number
}

const HEARTBEAT_EVERY_MS = 10_000
/** A gateway that says nothing for this long after a heartbeat is dead, even with its socket open. */
const HEARTBEAT_WITHIN_MS = 10_000
const DETAILS_WITHIN_MS = 15_000
/** The gateway allows 50 a second and is left some room. */
const REQUESTS_PER_SECOND = 40

const KINDS: Record<TickType, 'BidAsk' | 'Last' | 'AllLast' | 'MidPoint'> = {
  bid_ask: 'BidAsk',
  last: 'Last',
  all_last: 'AllLast',
  mid_point: 'MidPoint',
}

/**
 * One connection to IB Gateway, from connect to its end; a new object for each attempt, because the library carries requests and states of an ended
 * connection into the next one. Connectivity messages come as `info` there, errors of requests as `error`: both are handled here.
 */
export class GatewaySession {
  #api: IBApi
  #handlers: SessionHandlers
  #connectTimeoutMs: number
  #clientId: number
  #timers: NodeJS.Timeout[] = []
  #heardMs = performance.now()
  #lastWords: { reason: string; code: number | undefined } = { reason: 'the gateway closed the connection', code: undefined }
  #ended = false
  #nextRequest = 1
  #details = new Map<number, { found: ContractDetails[]; settle: (result: ContractDetails[] | Error) => void }>()

  constructor(address: GatewayAddress, connectTimeoutMs: number, handlers: SessionHandlers) {
    this.#handlers = handlers
    this.#connectTimeoutMs = connectTimeoutMs
    this.#clientId = address.clientId
    // All four are given, or the library reads a .env file of its own.
    this.#api = new IBApi({ ...address, maxReqPerSec: REQUESTS_PER_SECOND })
    guardReads(this.#api, (error) => this.#end(`the gateway sent what cannot be read: ${String(error)}`, undefined))
  }

  /** Resolves when the gateway takes requests (nextValidId; `connected` comes too early); rejects with what ended the attempt. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => this.#end('the gateway was not ready in time', undefined), this.#connectTimeoutMs)
      const { ended } = this.#handlers
      this.#handlers = {
        ...this.#handlers,
        ended: (reason, code) => {
          clearTimeout(timeout)
          reject(new Error(reason))
          ended(reason, code)
        },
      }
      this.#listen(() => {
        clearTimeout(timeout)
        this.#startHeartbeat()
        resolve()
      })
      this.#api.connect(this.#clientId)
    })
  }

  #listen(ready: () => void): void {
    const api = this.#api
    api.on(EventName.received, (fields: string[]) => {
      if (fields.length === 0) throw new Error('a frame without an ended field') // the library would add it to the next frame
      this.#heardMs = performance.now()
      if (!this.#ended) this.#handlers.frame(fields)
    })
    api.once(EventName.nextValidId, () => {
      if (!this.#ended) ready()
    })
    api.on(EventName.info, (message: string, code: number) => this.#onNotice(code, message))
    api.on(EventName.error, (error: Error, code: number, rid: number) => this.#onError(code, error.message, rid))
    api.on(EventName.disconnected, () => this.#end(this.#lastWords.reason, this.#lastWords.code))
    api.on(EventName.contractDetails, (rid: number, details: ContractDetails) => this.#details.get(rid)?.found.push(details))
    api.on(EventName.contractDetailsEnd, (rid: number) => {
      const request = this.#details.get(rid)
      request?.settle(request.found)
    })
  }

  #onNotice(code: number, message: string): void {
    if (this.#ended) return
    if (code === CLIENT_ID_IN_USE) this.#lastWords = { reason: message, code }
    this.#handlers.notice(code, message)
  }

  #onError(code: number, message: string, rid: number): void {
    if (this.#ended) return
    const details = this.#details.get(rid)
    if (isWarning(code)) this.#handlers.notice(code, `${message} (request ${rid})`)
    else if (details) details.settle(new Error(`${message} (${code})`))
    else if (rid >= 0) this.#handlers.requestError(rid, code, message)
    else {
      if (code !== UNKNOWN_MESSAGE) this.#lastWords = { reason: message, code } // such a frame is passed over, the connection goes on
      this.#handlers.notice(code, message)
    }
  }

  #startHeartbeat(): void {
    const beat = () => {
      const silentMs = performance.now() - this.#heardMs
      if (silentMs > HEARTBEAT_EVERY_MS + HEARTBEAT_WITHIN_MS) this.#end(`the gateway is silent for ${Math.round(silentMs)} ms`, undefined)
      else this.#api.reqCurrentTime()
    }
    this.#timers.push(setInterval(beat, HEARTBEAT_EVERY_MS))
  }

  /** The full contract of an id; the first where IB knows several. Rejects when IB knows none or does not answer. */
  async contract(cid: number): Promise<IbContract> {
    const rid = this.#nextRequest++
    const found = await new Promise<ContractDetails[]>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no contract details of ${cid} within ${DETAILS_WITHIN_MS} ms`)), DETAILS_WITHIN_MS)
      this.#timers.push(timer)
      this.#details.set(rid, { found: [], settle: (result) => (Array.isArray(result) ? resolve(result) : reject(result)) })
      this.#api.reqContractDetails(rid, { conId: cid })
    }).finally(() => this.#details.delete(rid))
    const [first] = found
    if (!first) throw new Error(`IB knows no contract ${cid}`)
    const { contract } = first
    // The library leaves the hour and zone of the last trade behind the date; IB takes only the date back.
    const [lastTradeDate = ''] = (contract.lastTradeDateOrContractMonth ?? '').split(' ')
    return { ...contract, lastTradeDateOrContractMonth: lastTradeDate }
  }

  subscribe(rid: number, contract: IbContract, tt: TickType): void {
    this.#api.reqTickByTickData(rid, contract, KINDS[tt] as Parameters<IBApi['reqTickByTickData']>[2], 0, false)
  }

  unsubscribe(rid: number): void {
    this.#api.cancelTickByTickData(rid)
  }

  close(reason: string): void {
    this.#end(reason, undefined)
  }

  #end(reason: string, code: number | undefined): void {
    if (this.#ended) return
    this.#ended = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const { settle } of this.#details.values()) settle(new Error(reason))
    this.#handlers.ended(reason, code)
    this.#api.disconnect()
  }
}

const CLIENT_ID_IN_USE = 326
/** The library's own, for a frame that it does not know or that has too few or too many fields. */
const UNKNOWN_MESSAGE = 505

/** IB's warnings come as errors of a request that goes on all the same (2176 at every subscription of a share, for one). */
const isWarning = (code: number): boolean => code >= 2_100 && code < 2_200

/**
 * What throws while the library reads would come out of the socket's handler and take the process with it: JSON that is none in an error message, and our
 * own refusal of a frame (of length -4 the library makes a loop without end). Its door for bytes is no public one.
 */
function guardReads(api: IBApi, onBroken: (error: unknown) => void): void {
  const { socket } = (api as unknown as { controller: { socket: { onData(bytes: Buffer): void } } }).controller
  const read = socket.onData.bind(socket)
  socket.onData = (bytes) => {
    try {
      read(bytes)
    } catch (error) {
      onBroken(error)
    }
  }
}
