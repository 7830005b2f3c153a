const FIRST_ROWS = 64

/** A queue of rows of `stride` numbers in one growing array: no object a row, nothing moved when the oldest goes. It has no cap. */
export class RowRing {
  readonly #stride: number
  #data: Float64Array
  #rows = FIRST_ROWS
  #head = 0
  #length = 0

  constructor(stride: number) {
    this.#stride = stride
    this.#data = new Float64Array(FIRST_ROWS * stride)
  }

  get length(): number {
    return this.#length
  }

  /** Field `field` of row `row`; 0 is the oldest. */
  at(row: number, field: number): number {
    return this.#data[((this.#head + row) & (this.#rows - 1)) * this.#stride + field] as number
  }

  push(a: number, b: number, c: number): void {
    if (this.#length === this.#rows) this.#grow()
    const base = ((this.#head + this.#length++) & (this.#rows - 1)) * this.#stride
    this.#data[base] = a
    if (this.#stride > 1) this.#data[base + 1] = b
    if (this.#stride > 2) this.#data[base + 2] = c
  }

  /** Lets the oldest row go. */
  drop(): void {
    this.#head = (this.#head + 1) & (this.#rows - 1)
    this.#length--
  }

  clear(): void {
    this.#head = 0
    this.#length = 0
  }

  #grow(): void {
    const wider = new Float64Array(this.#data.length * 2)
    const cut = this.#head * this.#stride
    wider.set(this.#data.subarray(cut))
    wider.set(this.#data.subarray(0, cut), this.#data.length - cut)
    this.#data = wider
    this.#rows *= 2
    this.#head = 0
  }
}
