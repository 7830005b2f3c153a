import type { BidAskTick } from '@ib-stream/model'

const MOST_PRICE = 1e12
const MOST_SIZE = 1e15

/** The quote that stands: the last bid and ask. A side that IB left unset, or sent as −1 or 0 without size, is not there. */
export class Quote {
  bid = Number.NaN
  ask = Number.NaN
  bidSize = 0
  askSize = 0

  /** True with both sides there. */
  get isTwoSided(): boolean {
    return !Number.isNaN(this.bid) && !Number.isNaN(this.ask)
  }

  /** NaN unless both sides are there. */
  get mid(): number {
    return (this.bid + this.ask) / 2
  }

  take({ bp, bs, ap, as }: BidAskTick): void {
    this.bidSize = size(bs)
    this.askSize = size(as)
    this.bid = side(bp, this.bidSize)
    this.ask = side(ap, this.askSize)
    if (Number.isNaN(this.bid)) this.bidSize = 0
    if (Number.isNaN(this.ask)) this.askSize = 0
  }

  /** Becomes a copy of another. */
  set({ bid, ask, bidSize, askSize }: Quote): void {
    this.bid = bid
    this.ask = ask
    this.bidSize = bidSize
    this.askSize = askSize
  }

  reset(): void {
    this.bid = Number.NaN
    this.ask = Number.NaN
    this.bidSize = 0
    this.askSize = 0
  }
}

const size = (given: number | undefined): number => (given !== undefined && given > 0 && given <= MOST_SIZE ? given : 0)

function side(price: number | undefined, sizeThere: number): number {
  if (price === undefined || (price <= 0 && sizeThere === 0) || Math.abs(price) > MOST_PRICE) return Number.NaN
  return price
}
