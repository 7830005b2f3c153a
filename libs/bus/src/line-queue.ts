import type { LogLine } from './batch-cutter.ts'

/** More than one write of the spool takes. */
const CHUNK_LINES = 8_192

/**
 * Lines in their order, taken from the front some thousands at a time. In pieces: where a hundred thousand wait, an array that is cut anew for each write leaves
 * megabytes of itself behind every time, at the very moment at which memory is short.
 */
export class LineQueue {
  #chunks: LogLine[][] = [[]]
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The next ones, up to some thousands; all of them where {@link isOnePiece}. */
  get front(): readonly LogLine[] {
    return this.#chunks[0] as LogLine[]
  }

  get isOnePiece(): boolean {
    return this.#chunks.length === 1
  }

  push(line: LogLine): void {
    let last = this.#chunks[this.#chunks.length - 1] as LogLine[]
    if (last.length === CHUNK_LINES) {
      last = []
      this.#chunks.push(last)
    }
    last.push(line)
    this.#length += 1
  }

  /** Takes so many of the front away. */
  drop(count: number): void {
    const left = this.front.slice(count)
    this.#length -= this.front.length - left.length
    if (left.length > 0 || this.isOnePiece) this.#chunks[0] = left
    else this.#chunks.shift()
  }
}
