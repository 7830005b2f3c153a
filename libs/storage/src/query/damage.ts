/** What could not be read in a file that no checkpoint vouches for (an older recording, a closed hour). Never left out in silence. */
export interface Damage {
  path: string
  /** Where the first of it begins. */
  offsetBytes: number
  /** Records, or the one torn tail, that were left out. */
  records: number
  bytes: number
  /** Of the first. */
  reason: string
}

/** One entry a file, however much is wrong in it and however often it is read. */
export class DamageList {
  readonly #byPath = new Map<string, Damage>()
  /** Places that were noted, first and last: files are read from one end to the other, so what lies between them was noted before. */
  readonly #noted = new Map<string, { first: number; last: number }>()

  get all(): readonly Damage[] {
    return [...this.#byPath.values()]
  }

  add(path: string, offsetBytes: number, bytes: number, reason: string): void {
    const noted = this.#noted.get(path)
    if (noted !== undefined && offsetBytes >= noted.first && offsetBytes <= noted.last) return
    this.#noted.set(path, {
      first: Math.min(noted?.first ?? offsetBytes, offsetBytes),
      last: Math.max(noted?.last ?? offsetBytes, offsetBytes),
    })
    const known = this.#byPath.get(path)
    if (known === undefined) {
      this.#byPath.set(path, { path, offsetBytes, records: 1, bytes, reason })
      return
    }
    known.records++
    known.bytes += bytes
  }
}
