/** A value that faults lay others over: the newest that still lasts counts, in whatever order they end. */
export class Layers<T> {
  readonly #usual: T
  readonly #laid = new Set<{ readonly value: T }>()

  constructor(usual: T) {
    this.#usual = usual
  }

  get value(): T {
    const newest = [...this.#laid].at(-1)
    return newest === undefined ? this.#usual : newest.value
  }

  /** @returns what takes the value away */
  lay(value: T): () => void {
    const layer = { value }
    this.#laid.add(layer)
    return () => this.#laid.delete(layer)
  }
}
