const LENGTH_BYTES = 4

/** Knows where frames end in a stream of bytes, without keeping any. */
export class FrameBoundary {
  #head = Buffer.alloc(LENGTH_BYTES)
  #headBytes = 0
  #left = 0

  /** @returns how many bytes of the chunk belong to frames that end in it; undefined where none does */
  push(chunk: Buffer): number | undefined {
    let boundary: number | undefined
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) boundary = at
        continue
      }
      const taken = chunk.copy(this.#head, this.#headBytes, at, at + LENGTH_BYTES - this.#headBytes)
      this.#headBytes += taken
      at += taken
      if (this.#headBytes < LENGTH_BYTES) break
      this.#left = this.#head.readUInt32BE()
      this.#headBytes = 0
      if (this.#left === 0) boundary = at
    }
    return boundary
  }
}
