import type { Quote } from '../market/quote.ts'

/** What one stretch of time adds up to; only ever added to, so plain sums stay exact to about n roundings. */
export class SpreadSums {
  standingUs = 0
  spreadTime = 0
  relativeTime = 0
  spreads = 0
  relatives = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  last = Number.NaN
  quotes = 0
  twoSided = 0
  oneSided = 0
  locked = 0
  crossed = 0
  trades = 0
  effective = 0
  volume = 0

  countQuote(quote: Quote): void {
    this.quotes++
    this.last = Number.NaN
    if (!quote.isTwoSided) {
      this.oneSided++
      return
    }
    const spread = quote.ask - quote.bid
    if (spread < 0) {
      this.crossed++
      return
    }
    if (spread === 0) this.locked++
    this.twoSided++
    this.spreads += spread
    this.relatives += spread / Math.abs(quote.mid)
    this.last = spread
    if (spread < this.min) this.min = spread
    if (spread > this.max) this.max = spread
  }

  /** The quote stood for this long. */
  stand(quote: Quote, lengthUs: number): void {
    const spread = quote.ask - quote.bid
    if (!(spread >= 0)) return
    this.standingUs += lengthUs
    this.spreadTime += spread * lengthUs
    this.relativeTime += (spread / Math.abs(quote.mid)) * lengthUs
  }

  countTrade(price: number, size: number, quote: Quote): void {
    if (!(quote.ask >= quote.bid) || size === 0) return
    this.trades++
    this.volume += size
    this.effective += 2 * Math.abs(price - quote.mid) * size
  }

  forgetQuote(): void {
    this.last = Number.NaN
  }

  /** Begins the next stretch; the quote that stands stays the last. */
  reset(): void {
    const { last } = this
    Object.assign(this, new SpreadSums(), { last })
  }
}
