/**
 * A sum that does not drift over millions of additions and subtractions: Neumaier's variant of Kahan's compensated summation (A. Neumaier,
 * "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54, 1974). Error about one rounding of the result.
 */
export class CompensatedSum {
  #sum = 0
  #lost = 0

  get value(): number {
    return this.#sum + this.#lost
  }

  add(x: number): void {
    const sum = this.#sum + x
    this.#lost += Math.abs(this.#sum) >= Math.abs(x) ? this.#sum - sum + x : x - sum + this.#sum
    this.#sum = sum
  }

  reset(): void {
    this.#sum = 0
    this.#lost = 0
  }
}
