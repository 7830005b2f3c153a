import { usFromMs } from '@ib-stream/model'
import type { SessionHandlers } from '../../src/connection/gateway-session.ts'
import { FARMS, type Farm, type MarketStream, type MarketTick, STREAMS } from './market.ts'
import { ModelSession } from './session.ts'

const RIVAL = 'No market data during competing live session'

/** IB Gateway with IB and its markets behind it, all made up: what is true of them, said or not. */
export class ModelGateway {
  /** It takes connections. */
  isUp = true
  /** Its sockets are open, and nothing passes them in either direction. */
  isMute = false
  /** Nothing of IB reaches it; `isCutKnown`: and it has said so. */
  isCut = false
  isCutKnown = false
  /** What it is asked for while it is cut off is lost. */
  isForgetful = false
  /** Another session of the login has the market data. */
  hasRival = false
  /** From which ticks come. */
  readonly farms = new Set<Farm>(FARMS)
  /** It connects them as soon as it is asked for one of their streams. */
  readonly asleep = new Set<Farm>()
  /** It tells a new connection which farms are broken, not only which are well. */
  tellsBroken = false
  session: ModelSession | undefined
  /** Every tick that IB had while somebody could have wanted it. */
  readonly ticks: MarketTick[] = []
  /** Those of the session whose turn has not come. */
  readonly #waiting = new Set<MarketTick>()

  constructor() {
    for (const stream of STREAMS) setInterval(() => this.#happen(stream), stream.everyMs)
  }

  dial(handlers: SessionHandlers, nowSteadyUs: () => number): ModelSession {
    return new ModelSession(this, handlers, nowSteadyUs)
  }

  /** @returns whether somebody listens */
  takeSocket(session: ModelSession): boolean {
    if (this.isUp) this.session = session
    return this.isUp
  }

  greet(): void {
    for (const farm of FARMS)
      if (this.farms.has(farm)) this.say(2104, `Market data farm connection is OK:${farm}`)
      else if (this.tellsBroken) this.say(2103, `Market data farm connection is broken:${farm}`)
    if (this.isCutKnown) this.say(1100, 'Connectivity between IB and Trader Workstation has been lost.')
  }

  takeRequest(rid: number): void {
    if (this.isCut && this.isForgetful) return
    this.session?.requests.add(rid)
    this.#wake(STREAMS.find((stream) => stream.rid === rid)?.farm)
    if (this.hasRival) this.session?.tellError(rid, 10_197, RIVAL)
  }

  left(session: ModelSession): void {
    if (this.session !== session) return
    this.session = undefined
    for (const tick of this.#waiting) tick.us = usFromMs(Date.now())
    this.#waiting.clear()
  }

  /** Ends the session, without a word. */
  drop(reason: string): void {
    this.session?.end(reason)
  }

  say(code: number, message: string): void {
    const { session } = this
    session?.inTurn(() => session.tellNotice(code, message))
  }

  refuseAll(): void {
    const { session } = this
    for (const rid of session?.requests ?? []) session?.inTurn(() => session.tellError(rid, 10_197, RIVAL))
  }

  /** IB reaches it again. */
  endCut(): void {
    this.isCut = false
    this.isCutKnown = false
  }

  /** IB reaches it again, with each farm; no other word says so of the farms. */
  restoreAll(): void {
    if (!this.isCutKnown) return
    this.endCut()
    for (const farm of FARMS) this.#connect(farm)
    this.say(1102, `Connectivity between IB and Trader Workstation has been restored - data maintained. ${this.farmsInWords}`)
  }

  /** Nothing is amiss any more. */
  recover(): void {
    this.hasRival = false
    this.restoreAll()
    for (const farm of FARMS) if (!this.farms.has(farm)) this.connectFarm(farm)
  }

  connectFarm(farm: Farm): void {
    this.#connect(farm)
    this.say(2104, `Market data farm connection is OK:${farm}`)
  }

  /** What a gateway adds to 1102. */
  get farmsInWords(): string {
    const away = FARMS.filter((farm) => !this.farms.has(farm))
    if (away.length === 0) return `All data farms are connected: ${FARMS.join('; ')}.`
    return `The following farms are connected: ${[...this.farms].join('; ')}. The following farms are not connected: ${away.join('; ')}.`
  }

  goOn(): void {
    this.isMute = false
    this.session?.flush()
  }

  /** It forgets requests, and does not say so. */
  forget(isForgotten: (stream: MarketStream) => boolean): void {
    for (const stream of STREAMS) if (isForgotten(stream)) this.session?.requests.delete(stream.rid)
  }

  #connect(farm: Farm): void {
    this.asleep.delete(farm)
    this.farms.add(farm)
  }

  #wake(farm: Farm | undefined): void {
    if (farm && !this.isCut && this.asleep.has(farm)) this.connectFarm(farm)
  }

  /** A tick is sent, or lost, when it is its turn. One that comes while its stream's request is on its way was before the recording. */
  #happen(stream: MarketStream): void {
    const { session } = this
    if (session?.asked.has(stream.rid)) return
    const tick: MarketTick = { stream, id: this.ticks.length + 1, us: usFromMs(Date.now()) }
    this.ticks.push(tick)
    if (session) this.#waiting.add(tick)
    const isSent = !this.isCut && !this.hasRival && this.farms.has(stream.farm) && session?.requests.has(stream.rid)
    session?.inTurn(() => {
      this.#waiting.delete(tick)
      tick.us = usFromMs(Date.now())
      if (isSent)
        session.tellFrame('99', String(stream.rid), '1', String(Math.floor(Date.now() / 1_000)), String(tick.id), '1', '0', '', '')
    })
  }
}
