import type { Socket } from 'node:net'
import { type TickType, usFromMs } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { type ContractDetails, EventName, IBApi, type Contract as IbContract } from '@stoqey/ib'
import type { WireTap } from '../capture/wire-tap.ts'
import type { TimeAnswer } from '../clock-watch/clock-offset.ts'
import type { LinkHandlers, Session } from './connection.ts'
import { FrameReader } from './frame-reader.ts'
import { type HistoryQuery, HistoryRequests } from './history-requests.ts'
import { RequestPacer } from './request-pacer.ts'

/** What happens on one connection to the gateway. Handlers must not throw. */
export interface SessionHandlers extends LinkHandlers {
  /** Every frame's fields, as IB's text has them, before the library makes anything of it. */
  frame(fields: readonly string[]): void
  /** A message of the gateway that belongs to a request. */
  requestError(rid: number, code: number, message: string): void
  /** A message of the gateway about itself (connectivity, farms). */
  notice(code: number, message: string): void
  /** The gateway's answer to `askTime`. It has taken all that was asked of the session before `sinceUs` (steady), for it takes requests in their order. */
  time(answer: TimeAnswer, sinceUs: number): void
  /** Hears every byte; undefined: nobody does. */
  tap?: WireTap | undefined
}

export interface GatewayAddress {
  host: string
  port: number
  clientId: number
}

/** A session as those see it that work with it. */
export type OpenSession = Pick<GatewaySession, keyof GatewaySession>

const TIME_WITHIN_MS = 10_000
const DETAILS_WITHIN_MS = 15_000
/** Our pacer is the one that counts; the library's own would carry its queue into nothing. */
const LIBRARY_REQUESTS_PER_SECOND = 1_000

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
export class GatewaySession implements Session {
  readonly #api: IBApi
  readonly #handlers: SessionHandlers
  readonly #clock: Clock
  readonly #address: { host: string; port: number }
  readonly #clientId: number
  readonly #pacer: RequestPacer
  #lastWords: { reason: string; code: number | undefined } = { reason: 'the gateway closed the connection', code: undefined }
  #ended = false
  #nextRequest = 1
  /** Of questions for the time that are not answered yet; the heartbeat gives up a gateway that answers none. `sinceUs` is of the steady clock. */
  readonly #timeAsked: { askedUs: number; sinceUs: number }[] = []
  readonly #history: HistoryRequests
  readonly #details = new Map<number, { found: ContractDetails[]; settle: (result: ContractDetails[] | Error) => void }>()

  constructor(address: GatewayAddress, clock: Clock, handlers: SessionHandlers) {
    this.#handlers = handlers
    this.#clock = clock
    this.#address = { host: address.host, port: address.port }
    this.#clientId = address.clientId
    this.#pacer = new RequestPacer(clock)
    // All four are given, or the library reads a .env file of its own.
    this.#api = new IBApi({ ...address, maxReqPerSec: LIBRARY_REQUESTS_PER_SECOND })
    this.#history = new HistoryRequests(this.#api, clock, this.#pacer)
    readInstead(this.#api, (library) => {
      const frames = new FrameReader({ tick: (fields) => !this.#ended && handlers.frame(fields), other: library })
      return (bytes) => this.#onBytes(bytes, frames)
    })
  }

  open(): void {
    const api = this.#api
    api.on(EventName.received, (fields: string[]) => {
      if (this.#ended) return
      this.#handlers.frame(fields)
      this.#history.hear(fields)
    })
    // `connected` comes when START_API was sent: the socket stands, requests are not taken before nextValidId.
    api.once(EventName.connected, () => !this.#ended && this.#handlers.socketOpen())
    api.once(EventName.nextValidId, () => !this.#ended && this.#handlers.ready())
    api.on(EventName.currentTime, (seconds: number) => this.#onTime(seconds))
    api.on(EventName.info, (message: string, code: number) => this.#onNotice(code, message))
    api.on(EventName.error, (error: Error, code: number, rid: number) => this.#onError(code, error.message, rid))
    api.on(EventName.disconnected, () => this.#end(this.#lastWords.reason, this.#lastWords.code))
    const found = (rid: number, details: ContractDetails) => this.#details.get(rid)?.found.push(details)
    api.on(EventName.contractDetails, found)
    api.on(BOND_DETAILS, found)
    api.on(EventName.contractDetailsEnd, (rid: number) => {
      const request = this.#details.get(rid)
      request?.settle(request.found)
    })
    const { tap } = this.#handlers
    if (tap) api.on(EventName.sent, (tokens: string[]) => tap.sent(tokens.join('\0')))
    tap?.opened(this.#address)
    api.connect(this.#clientId)
  }

  /**
   * What throws while the library reads would come out of the socket's handler and take the process with it: JSON that is none in an error message, and our own refusal
   * of a frame (of length -4 the library makes a loop without end).
   */
  #onBytes(bytes: Buffer, frames: FrameReader): void {
    this.#handlers.tap?.received(bytes)
    if (this.#ended) return
    this.#handlers.heard()
    try {
      frames.push(bytes)
    } catch (error) {
      this.#end(`the gateway sent what cannot be read: ${String(error)}`, undefined)
    }
  }

  /** Answers come in the order of the questions; one that is this old was never answered. */
  #onTime(ibSeconds: number): void {
    const heardUs = this.#clock.nowUs()
    const oldestUs = this.#clock.steadyUs() - usFromMs(TIME_WITHIN_MS)
    while (this.#timeAsked.length > 1 && (this.#timeAsked[0]?.sinceUs ?? 0) < oldestUs) this.#timeAsked.shift()
    const { askedUs, sinceUs } = this.#timeAsked.shift() ?? { askedUs: heardUs, sinceUs: Number.NEGATIVE_INFINITY }
    if (!this.#ended) this.#handlers.time({ askedUs, heardUs, ibSeconds }, sinceUs)
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
    else if (details) details.settle(Object.assign(new Error(message), { code }))
    else if (this.#history.fail(rid, Object.assign(new Error(message), { code }))) return
    else if (rid >= 0) this.#handlers.requestError(rid, code, message)
    else {
      if (code !== UNKNOWN_MESSAGE) this.#lastWords = { reason: message, code } // such a frame is passed over, the connection goes on
      this.#handlers.notice(code, message)
    }
  }

  askTime(): void {
    const sinceUs = this.#clock.steadyUs()
    this.#pacer.send(() => {
      this.#timeAsked.push({ askedUs: this.#clock.nowUs(), sinceUs })
      this.#api.reqCurrentTime()
    })
  }

  /** All that IB knows under a description. Rejects when it answers with an error, not in time, or when the session ends. */
  async contractDetails(contract: IbContract): Promise<ContractDetails[]> {
    const rid = this.#nextRequest++
    const answered = Promise.withResolvers<ContractDetails[]>()
    const settle = (result: ContractDetails[] | Error) => (Array.isArray(result) ? answered.resolve(result) : answered.reject(result))
    this.#details.set(rid, { found: [], settle })
    const deadline = this.#clock.after(DETAILS_WITHIN_MS, () => settle(new Error(`no contract details within ${DETAILS_WITHIN_MS} ms`)))
    if (this.#ended) settle(new Error('the session has ended'))
    this.#pacer.send(() => this.#api.reqContractDetails(rid, contract))
    try {
      return await answered.promise
    } finally {
      deadline.cancel()
      this.#details.delete(rid)
    }
  }

  /** The full contract of an id; the first where IB knows several. Rejects when IB knows none or does not answer. */
  async contract(cid: number): Promise<IbContract> {
    const [first] = await this.contractDetails({ conId: cid })
    if (!first) throw new Error(`IB knows no contract ${cid}`)
    const { contract } = first
    // The library leaves the hour and zone of the last trade behind the date; IB takes only the date back.
    const [lastTradeDate = ''] = (contract.lastTradeDateOrContractMonth ?? '').split(' ')
    return { ...contract, lastTradeDateOrContractMonth: lastTradeDate }
  }

  /** A page of historical ticks, as the fields of its frame. Rejects as {@link HistoryRequests.ask} does. */
  async historicalTicks(query: HistoryQuery): Promise<readonly string[]> {
    if (this.#ended) throw new Error('the session has ended')
    return await this.#history.ask(this.#nextRequest++, query)
  }

  subscribe(rid: number, contract: IbContract, tt: TickType): void {
    const kind = KINDS[tt] as Parameters<IBApi['reqTickByTickData']>[2]
    this.#pacer.send(() => this.#api.reqTickByTickData(rid, contract, kind, 0, false))
  }

  unsubscribe(rid: number): void {
    this.#pacer.send(() => this.#api.cancelTickByTickData(rid))
  }

  hold(): void {
    socketOf(this.#api)?.pause()
  }

  goOn(): void {
    socketOf(this.#api)?.resume()
  }

  close(reason: string): void {
    this.#end(reason, undefined)
  }

  #end(reason: string, code: number | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#pacer.close()
    for (const { settle } of this.#details.values()) settle(new Error(reason))
    this.#history.end(reason)
    this.#handlers.tap?.ended(reason)
    this.#handlers.ended(reason, code)
    this.#api.disconnect()
  }
}

/** Bonds come in a message of their own, with the same end; the library's types do not know that it emits it with these arguments. */
const BOND_DETAILS = EventName.bondContractDetails as unknown as EventName.contractDetails
const CLIENT_ID_IN_USE = 326
/** The library's own, for a frame that it does not know or that has too few or too many fields. */
const UNKNOWN_MESSAGE = 505

/** IB's warnings come as errors of a request that goes on all the same (2176 at every subscription of a share, for one). */
const isWarning = (code: number): boolean => code >= 2_100 && code < 2_200

/** The library's own, no public one. */
const doorOf = (api: IBApi) => (api as unknown as { controller: { socket: { onData(bytes: Buffer): void; client?: Socket } } }).controller

const socketOf = (api: IBApi): Socket | undefined => doorOf(api).socket.client

/** Puts a reader of our own between the socket and the library. */
function readInstead(api: IBApi, makeReader: (library: (bytes: Buffer) => void) => (bytes: Buffer) => void): void {
  const { socket } = doorOf(api)
  socket.onData = makeReader(socket.onData.bind(socket))
}
