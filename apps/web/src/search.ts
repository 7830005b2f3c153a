import type { Contract } from '@ib-stream/client'
import { byId, el } from './dom.ts'
import { client, explained } from './session.ts'

const MOST_FOUND = 40
const WAIT_MS = 350

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Few words that tell contracts of one symbol apart: `STK NASDAQ`, `FUT CME 18 Dec 2026`. */
export function describe({ secType, exchange, primaryExchange, currency, lastTradeDate, strike, right }: Contract): string {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})?/.exec(lastTradeDate ?? '') ?? []
  const date = year === undefined ? undefined : [day === undefined ? '' : Number(day), MONTHS[Number(month) - 1], year].join(' ').trim()
  const parts = [secType, primaryExchange || exchange, date, strike === undefined ? undefined : `${strike} ${right ?? ''}`]
  return [...parts, currency === 'USD' ? undefined : currency].filter((part) => part !== undefined && part !== '').join(' ')
}

/** Looks up what is typed, and hands over the contract that is picked. A list of options under a field, by mouse and by keyboard. */
export class SymbolSearch {
  readonly #input = byId<HTMLInputElement>('symbol')
  readonly #list = byId<HTMLUListElement>('found')
  readonly #onPick: (contract: Contract) => void
  #found: readonly Contract[] = []
  #at = -1
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked = new AbortController()

  constructor(onPick: (contract: Contract) => void) {
    this.#onPick = onPick
    this.#input.addEventListener('input', () => this.#later())
    this.#input.addEventListener('keydown', (event) => this.#onKey(event))
    this.#input.addEventListener('blur', () => setTimeout(() => this.#close(), 150))
    byId('search').addEventListener('submit', (event) => {
      event.preventDefault()
      const one = this.#found[Math.max(0, this.#at)]
      if (one && !this.#list.hidden) this.#pick(one)
      else void this.#look()
    })
  }

  focus(): void {
    this.#input.focus()
    this.#input.select()
  }

  #later(): void {
    clearTimeout(this.#timer)
    if (this.#input.value.trim() === '') return this.#close()
    this.#timer = setTimeout(() => void this.#look(), WAIT_MS)
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer)
    this.#asked.abort()
    this.#asked = new AbortController()
    const { signal } = this.#asked
    const symbol = this.#input.value.trim()
    if (symbol === '') return
    this.#say(`Asking IB for ${symbol.toUpperCase()} …`)
    try {
      const { contracts } = await client.lookUp(symbol, { signal })
      this.#found = contracts.slice(0, MOST_FOUND)
      if (contracts.length === 0) this.#say(`IB knows nothing under ${symbol.toUpperCase()}.`)
      else this.#show()
    } catch (error) {
      const why = explained(error)
      if (why !== undefined && !signal.aborted) this.#say(why)
    }
  }

  #say(text: string): void {
    this.#found = []
    this.#open(el('li', { class: 'said muted', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, text))
  }

  #show(): void {
    this.#at = 0
    const options = this.#found.map((contract, i) => {
      const option = el(
        'li',
        { role: 'option', id: `found-${i}`, 'aria-selected': i === 0 ? 'true' : 'false' },
        el('b', {}, contract.localSymbol ?? contract.symbol),
        el('span', { class: 'muted' }, contract.longName ?? contract.marketName ?? ''),
        el('span', { class: 'muted' }, describe(contract)),
      )
      option.addEventListener('mousedown', (event) => {
        event.preventDefault()
        this.#pick(contract)
      })
      return option
    })
    this.#open(...options)
    this.#input.setAttribute('aria-activedescendant', 'found-0')
  }

  #open(...options: readonly HTMLElement[]): void {
    this.#list.replaceChildren(...options)
    this.#list.hidden = false
    this.#input.setAttribute('aria-expanded', 'true')
  }

  #close(): void {
    this.#list.hidden = true
    this.#input.setAttribute('aria-expanded', 'false')
    this.#input.removeAttribute('aria-activedescendant')
  }

  #pick(contract: Contract): void {
    this.#input.value = ''
    this.#found = []
    this.#close()
    this.#onPick(contract)
  }

  #onKey(event: KeyboardEvent): void {
    event.stopPropagation() // letters are letters here
    if (event.key === 'Escape') {
      this.#close()
      this.#input.blur()
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || this.#found.length === 0) return
    event.preventDefault()
    this.#at = (this.#at + step + this.#found.length) % this.#found.length
    for (const [i, option] of [...this.#list.children].entries()) option.setAttribute('aria-selected', String(i === this.#at))
    this.#list.children[this.#at]?.scrollIntoView({ block: 'nearest' })
    this.#input.setAttribute('aria-activedescendant', `found-${this.#at}`)
  }
}
