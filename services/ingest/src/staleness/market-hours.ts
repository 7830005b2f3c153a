import { type ContractCalendar, contractCalendar, type HoursTelling, type MarketStatus, marketState } from '@ib-stream/calendar'
import { type ContractAnswer, type ContractQuery, US_PER_MS } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'

const ASK_AGAIN_AFTER_MS = 6 * 3_600_000
const RETRY_AFTER_MS = 60_000
/** IB tells about a week; what it told before holds for days that are over. */
const MOST_TELLINGS = 4

interface Market {
  tellings: HoursTelling[]
  calendar: ContractCalendar | undefined
  /** By the steady clock. */
  askedUs: number
}

/** The market of each contract that is recorded: open or not, by what IB told of its hours. */
export class MarketHours {
  readonly #markets = new Map<number, Market>()
  readonly #clock: Clock
  readonly #lookUp: (query: ContractQuery) => Promise<ContractAnswer>

  constructor(clock: Clock, lookUp: (query: ContractQuery) => Promise<ContractAnswer>) {
    this.#clock = clock
    this.#lookUp = lookUp
  }

  /** `unknown` until IB has told; asking for it is what makes it known. */
  statusOf(cid: number, nowUs: number): MarketStatus {
    let market = this.#markets.get(cid)
    if (!market) {
      market = { tellings: [], calendar: undefined, askedUs: Number.NEGATIVE_INFINITY }
      this.#markets.set(cid, market)
    }
    const waitMs = market.calendar ? ASK_AGAIN_AFTER_MS : RETRY_AFTER_MS
    if (this.#clock.steadyUs() - market.askedUs >= waitMs * US_PER_MS) void this.#ask(cid, market)
    return market.calendar ? marketState(market.calendar, nowUs).status : 'unknown'
  }

  /** Nobody records these any more. */
  keepOnly(cids: ReadonlySet<number>): void {
    for (const cid of this.#markets.keys()) if (!cids.has(cid)) this.#markets.delete(cid)
  }

  async #ask(cid: number, market: Market): Promise<void> {
    market.askedUs = this.#clock.steadyUs()
    const answer = await this.#lookUp({ cid })
    const [contract] = answer.ok ? answer.contracts : []
    if (!contract || market.tellings.some(({ tradingHours }) => tradingHours === contract.tradingHours)) return
    const tellings = [...market.tellings, contract].slice(-MOST_TELLINGS)
    const [first, ...others] = tellings
    try {
      if (first) market.calendar = contractCalendar(first, ...others)
      market.tellings = tellings
    } catch {
      market.askedUs = this.#clock.steadyUs() // hours in no form that IB has: the market stays what it was, mostly unknown, which is said
    }
  }
}
