import type { Quote } from './quote.ts'

/** Who took the trade: 1 a buyer, −1 a seller, 0 not decided. */
export type Side = 1 | -1 | 0

/** Where the trade lay to the quote; `tick`: there was none, so the price before decided; `none`: there was no price before either. */
export const SIDE_BASES = ['ask', 'bid', 'inside', 'crossed', 'tick', 'none'] as const
export type SideBasis = (typeof SIDE_BASES)[number]

export const AGGRESSOR_RULES = ['quote', 'lee_ready', 'tick'] as const
export type AggressorRule = (typeof AGGRESSOR_RULES)[number]

/**
 * Signs trades by the quote that stood when they arrived.
 *
 * - `quote`: at the ask or above a buyer, at the bid or below a seller, between them undecided. A neutral zone of z % moves both bounds inwards by
 *   z % of the spread. With a crossed or locked quote (bid ≥ ask) the mid decides: at it or above a buyer, below a seller.
 * - `lee_ready`: above the mid a buyer, below a seller, at the mid the tick test (C. Lee, M. Ready, "Inferring Trade Direction from Intraday Data",
 *   Journal of Finance 46(2), 1991). Their lag of five seconds is left out: here quotes and trades come in one order of arrival.
 * - `tick`: the tick test alone: above the price before a buyer, below it a seller, at it as the last change was.
 *
 * Without a two-sided quote `quote` and `lee_ready` compare with the price before; `quote` leaves an equal price undecided.
 */
export class Aggressor {
  readonly #rule: AggressorRule
  readonly #zone: number
  #lastPrice = Number.NaN
  #lastMove: Side = 0
  /** Of the last trade signed. */
  basis: SideBasis = 'none'

  /** @param neutralZonePercent of the spread, 0 to 50; for `quote` */
  constructor(rule: AggressorRule, neutralZonePercent = 0) {
    this.#rule = rule
    this.#zone = neutralZonePercent / 100
  }

  sign(price: number, quote: Quote): Side {
    const moved = this.#move(price)
    if (this.#rule === 'tick' || !quote.isTwoSided) {
      const carried = moved === 0 && this.#rule !== 'quote' ? this.#lastMove : moved
      this.basis = Number.isNaN(this.#lastPrice) ? 'none' : 'tick'
      this.#remember(price, moved)
      return carried
    }
    const side = this.#rule === 'quote' ? this.#byQuote(price, quote) : this.#byMid(price, quote, moved)
    this.#remember(price, moved)
    return side
  }

  reset(): void {
    this.#lastPrice = Number.NaN
    this.#lastMove = 0
    this.basis = 'none'
  }

  #byQuote(price: number, { bid, ask, mid }: Quote): Side {
    if (bid >= ask) {
      this.basis = 'crossed'
      return price >= mid ? 1 : -1
    }
    const zone = (ask - bid) * this.#zone
    if (price >= ask - zone) {
      this.basis = 'ask'
      return 1
    }
    this.basis = price <= bid + zone ? 'bid' : 'inside'
    return this.basis === 'bid' ? -1 : 0
  }

  #byMid(price: number, { bid, ask, mid }: Quote, moved: Side): Side {
    this.basis = bid >= ask ? 'crossed' : price >= ask ? 'ask' : price <= bid ? 'bid' : 'inside'
    if (price > mid) return 1
    if (price < mid) return -1
    return moved === 0 ? this.#lastMove : moved
  }

  #move(price: number): Side {
    if (price > this.#lastPrice) return 1
    return price < this.#lastPrice ? -1 : 0
  }

  #remember(price: number, moved: Side): void {
    this.#lastPrice = price
    if (moved !== 0) this.#lastMove = moved
  }
}
