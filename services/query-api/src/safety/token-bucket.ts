/** Lets through so many at once, and so many a second from then on. */
export class TokenBucket {
  readonly #most: number
  readonly #perMs: number
  readonly #nowMs: () => number
  #tokens: number
  #atMs: number

  constructor(rate: { most: number; perSecond: number }, nowMs: () => number = () => performance.now()) {
    this.#most = rate.most
    this.#perMs = rate.perSecond / 1_000
    this.#nowMs = nowMs
    this.#tokens = rate.most
    this.#atMs = nowMs()
  }

  /** Takes one, or says that there is none. */
  take(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Takes many, which were had already; what there is not is owed. */
  spend(tokens: number): void {
    this.#refill()
    this.#tokens -= tokens
  }

  /** Milliseconds until there is one. */
  get waitMs(): number {
    this.#refill()
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs)
  }

  /** Nobody took from it lately. */
  get isFull(): boolean {
    this.#refill()
    return this.#tokens >= this.#most
  }

  #refill(): void {
    const nowMs = this.#nowMs()
    this.#tokens = Math.min(this.#most, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
  }
}
