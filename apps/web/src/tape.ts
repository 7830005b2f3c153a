import type { DrawnTrade } from './bar-builder.ts'
import { byId, eachFrame, el } from './dom.ts'
import { clockTime, price, size } from './format.ts'

const MOST_ROWS = 60
const CLASSES = { 1: 'up', [-1]: 'down', 0: '' } as const
const WORDS = { 1: 'buyer', [-1]: 'seller', 0: 'undecided' } as const

/** The newest trades in a list, newest first. */
export class TradeTape {
  readonly #list = byId('tape')
  readonly #redraw = eachFrame(() => this.#draw())
  #trades: DrawnTrade[] = []
  #decimals = 2

  show(trades: readonly DrawnTrade[], decimals: number): void {
    this.#trades = trades.slice(-MOST_ROWS)
    this.#decimals = decimals
    this.#redraw()
  }

  add(trade: DrawnTrade): void {
    this.#trades.push(trade)
    if (this.#trades.length > MOST_ROWS) this.#trades.shift()
    this.#redraw()
  }

  #draw(): void {
    const rows = this.#trades.toReversed().map(({ ts, price: at, size: units, side }) => {
      const amount = el('span', { class: CLASSES[side], title: WORDS[side] }, price(at, this.#decimals))
      return el('li', {}, el('span', {}, clockTime(ts)), amount, el('span', {}, size(units)))
    })
    this.#list.replaceChildren(...rows)
  }
}
