import type { TickColumns } from '../codec/columns.ts'
import { COLUMNS, type Scales } from './schema.ts'

/** Even steps, so that an hour in which no price needs all places mostly has the scale of the others. */
const PLACES = { price: [2, 4, 6, 8], size: [0, 2, 4, 6, 8] } as const
const MAX_UNITS = 2 ** 52

/** Finds the least number of decimal places that holds all prices, and all sizes, of a file exactly. */
export class ScaleFinder {
  readonly #price = new Places(PLACES.price)
  readonly #size = new Places(PLACES.size)

  look(columns: TickColumns): void {
    const [tt] = columns.tt
    if (columns.length === 0 || tt === undefined) return
    for (const { key, kind } of ALL_COLUMNS) {
      if (kind === 'price') this.#price.look(columns[key as 'p'], columns.length)
      else if (kind === 'size') this.#size.look(columns[key as 's'], columns.length)
    }
  }

  get scales(): Scales {
    return { price: this.#price.found, size: this.#size.found }
  }
}

const ALL_COLUMNS = [...COLUMNS.bid_ask, ...COLUMNS.last, ...COLUMNS.mid_point]

class Places {
  readonly #steps: readonly number[]
  #step = 0
  #most = 0
  #last = Number.NaN

  constructor(steps: readonly number[]) {
    this.#steps = steps
  }

  look(values: Float64Array, length: number): void {
    for (let row = 0; row < length; row++) {
      const value = values[row] as number
      if (Number.isNaN(value) || value === this.#last) continue
      this.#last = value
      if (Math.abs(value) > this.#most) this.#most = Math.abs(value)
      while (this.#step < this.#steps.length && !isExact(value, 10 ** (this.#steps[this.#step] as number))) this.#step++
    }
  }

  get found(): number | undefined {
    const places = this.#steps[this.#step]
    return places !== undefined && this.#most * 10 ** places < MAX_UNITS ? places : undefined
  }
}

/** True where a number is that many whole units, and the quotient is the very same double again; −0 would come back as 0. */
export function isExact(value: number, unitsOfOne: number): boolean {
  const units = Math.round(value * unitsOfOne)
  return Math.abs(units) < MAX_UNITS && units / unitsOfOne === value && !Object.is(value, -0)
}
