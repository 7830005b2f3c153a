import type { TickType } from '@ib-stream/client'
import { Book } from './book.ts'
import { byId, el, write } from './dom.ts'
import { decimalsOf, latency, length, price, rate } from './format.ts'

/** A contract of the list. */
export interface Listed {
  cid: number
  symbol: string
  /** What IB says of it, in few words. */
  detail: string
  minTick: number | undefined
  /** What is recorded of it; more is not asked for, which would take a line that others need. */
  tickTypes: readonly TickType[]
  /** The name under which it is tracked; undefined: recorded for as long as somebody listens. */
  tracked: string | undefined
}

export interface TableEvents {
  onChoose(cid: number): void
  onRemove(contract: Listed): void
}

/** Without a tick for so long a row is marked. */
const STALE_SECONDS = 60

interface Row {
  contract: Listed
  book: Book
  node: HTMLTableRowElement
  cells: Record<'spread' | 'rate' | 'age' | 'latency', HTMLTableCellElement>
  last: HTMLElement
  quote: HTMLElement
  pick: HTMLButtonElement
  detail: HTMLElement
}

/** The list of contracts with what they do now. */
export class ContractsTable {
  readonly #events: TableEvents
  readonly #body = byId<HTMLTableSectionElement>('contracts')
  readonly #rows = new Map<number, Row>()
  #chosen: number | undefined

  constructor(events: TableEvents) {
    this.#events = events
    this.#body.addEventListener('keydown', (event) => this.#onKey(event))
  }

  get cids(): number[] {
    return [...this.#rows.keys()]
  }

  bookOf(cid: number): Book | undefined {
    return this.#rows.get(cid)?.book
  }

  contractOf(cid: number): Listed | undefined {
    return this.#rows.get(cid)?.contract
  }

  /** Rows of these contracts in their order; what is known of those that stay, stays. */
  list(contracts: readonly Listed[]): void {
    const wanted = new Set(contracts.map(({ cid }) => cid))
    for (const [cid, { node }] of this.#rows) {
      if (wanted.has(cid)) continue
      node.remove()
      this.#rows.delete(cid)
    }
    for (const contract of contracts) {
      const row = this.#rows.get(contract.cid) ?? this.#newRow(contract)
      row.contract = contract
      write(row.pick.firstElementChild ?? row.pick, contract.symbol)
      write(row.detail, contract.detail)
      row.node.querySelector<HTMLButtonElement>('.remove')?.toggleAttribute('hidden', contract.tracked === undefined)
      this.#rows.set(contract.cid, row)
    }
    byId('no-contracts').hidden = contracts.length > 0
    this.draw(Date.now())
  }

  choose(cid: number): void {
    this.#chosen = cid
    for (const [each, { node, pick }] of this.#rows) {
      node.classList.toggle('chosen', each === cid)
      if (each === cid) pick.setAttribute('aria-current', 'true')
      else pick.removeAttribute('aria-current')
    }
  }

  /** The contract `steps` below the chosen one. */
  step(steps: number): void {
    const cids = this.cids
    const at = this.#chosen === undefined ? -1 : cids.indexOf(this.#chosen)
    const next = cids[Math.min(cids.length - 1, Math.max(0, at + steps))]
    if (next === undefined || next === this.#chosen) return
    this.#events.onChoose(next)
    this.#rows.get(next)?.pick.focus()
  }

  /** @param nowMs since 1970 */
  draw(nowMs: number): void {
    let total = 0
    for (const { contract, book, cells, last, quote } of this.#rows.values()) {
      const decimals = decimalsOf(contract.minTick)
      const perSecond = book.rate(nowMs)
      total += perSecond
      write(last, price(book.last ?? book.mid, decimals))
      write(quote, book.spread === undefined ? '–' : `${price(book.bid, decimals)} × ${price(book.ask, decimals)}`)
      write(cells.spread, price(book.spread, decimals))
      write(cells.rate, rate(perSecond))
      const age = book.newestUs === 0 ? undefined : Math.max(0, nowMs / 1_000 - book.newestUs / 1_000_000)
      write(cells.age, age === undefined ? '–' : length(age))
      cells.age.classList.toggle('stale', age !== undefined && age > STALE_SECONDS)
      write(cells.latency, book.latencyMs === undefined ? '–' : latency(book.latencyMs))
    }
    write(byId('total-rate'), `${rate(total)} ticks/s`)
  }

  #newRow(contract: Listed): Row {
    const detail = el('small')
    const pick = el('button', { type: 'button', class: 'pick' }, el('span'), detail)
    const remove = el('button', { type: 'button', class: 'remove', 'aria-label': `Record ${contract.symbol} no longer` }, '✕')
    const cell = () => el('td', { class: 'r' })
    const cells = { spread: cell(), rate: cell(), age: cell(), latency: cell() }
    const [last, quote] = [el('b'), el('small')]
    const node = el(
      'tr',
      { 'data-cid': contract.cid },
      el('td', { class: 'name' }, pick),
      el('td', { class: 'r' }, last, quote),
      ...Object.values(cells),
      el('td', { class: 'r' }, remove),
    )
    const row: Row = { contract, book: new Book(contract.cid), node, cells, last, quote, pick, detail }
    node.addEventListener('click', () => this.#events.onChoose(row.contract.cid))
    remove.addEventListener('click', (event) => {
      event.stopPropagation()
      this.#events.onRemove(row.contract)
    })
    this.#body.append(node)
    return row
  }

  #onKey(event: KeyboardEvent): void {
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (steps === undefined) return
    event.preventDefault()
    event.stopPropagation()
    this.step(steps)
  }
}
