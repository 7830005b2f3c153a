const LENGTH_BYTES = 4
/** Longest message that the client library takes, with its length; what says that it is longer is out of step. */
const LONGEST_FRAME_BYTES = 2 ** 24 - 1
const NUL = 0
const NINE = 0x39

/** Fields of a tick-by-tick frame by its kind: trades (1, 2), quotes (3), mid points (4). */
const FIELDS_OF_KIND: Readonly<Record<string, number>> = { '1': 9, '2': 9, '3': 9, '4': 5 }

export interface FrameTakers {
  /** A whole tick-by-tick frame: its fields as IB's text has them. */
  tick(fields: readonly string[]): void
  /** A whole frame of anything else, with its length before it. Good until this returns. */
  other(frame: Buffer): void
}

/**
 * Cuts the gateway's bytes into frames, and takes the tick-by-tick ones out on their way to the client library, which spends several times as long on each: it would
 * queue their fields, decode them and emit events that nobody hears. Everything else is the library's, in the order in which it came; so is a tick-by-tick frame
 * that has not exactly the fields of its kind.
 */
export class FrameReader {
  readonly #takers: FrameTakers
  /** Bytes of a frame that is not whole yet, as they came. */
  #parts: Buffer[] = []
  #heldBytes = 0
  /** With so many the frame is whole, as far as is known. */
  #neededBytes = LENGTH_BYTES

  constructor(takers: FrameTakers) {
    this.#takers = takers
  }

  /**
   * Takes what came from the socket.
   * @throws Error where no frame can be: from there on none can be found
   */
  push(bytes: Buffer): void {
    if (this.#heldBytes === 0) return this.#hold(bytes, this.#cut(bytes))
    this.#parts.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#heldBytes < this.#neededBytes) return
    const all = Buffer.concat(this.#parts, this.#heldBytes)
    this.#parts = []
    this.#heldBytes = 0
    this.#hold(all, this.#cut(all))
  }

  /** Hands over all whole frames. @returns where the first that is not whole begins */
  #cut(bytes: Buffer): number {
    let at = 0
    this.#neededBytes = LENGTH_BYTES
    while (at + LENGTH_BYTES <= bytes.length) {
      const from = at + LENGTH_BYTES
      const end = from + bytes.readInt32BE(at)
      if (end <= from || end - at > LONGEST_FRAME_BYTES) throw new Error(`a frame cannot have ${end - from} bytes`)
      if (end > bytes.length) {
        this.#neededBytes = end - at
        return at
      }
      if (bytes[end - 1] !== NUL) throw new Error('a frame without an ended field') // the library would add it to the next frame
      const fields = tickFields(bytes, from, end)
      if (fields) this.#takers.tick(fields)
      else this.#takers.other(bytes.subarray(at, end))
      at = end
    }
    return at
  }

  #hold(bytes: Buffer, from: number): void {
    if (from === bytes.length) return
    this.#parts = [bytes.subarray(from)]
    this.#heldBytes = bytes.length - from
  }
}

/** The fields of a tick-by-tick frame, each of which is ended by a NUL; undefined for every other frame. */
function tickFields(bytes: Buffer, from: number, end: number): string[] | undefined {
  if (bytes[from] !== NINE || bytes[from + 1] !== NINE || bytes[from + 2] !== NUL) return undefined
  const fields = bytes.toString('utf8', from, end - 1).split('\0')
  return fields.length === FIELDS_OF_KIND[fields[2] ?? ''] ? fields : undefined
}
