import type { Socket } from 'node:net'
import { secondsToMs } from '../clock.ts'
import { Layers } from '../fault/layers.ts'
import type { Random } from '../random.ts'

/** How a connection ends. */
export type Ending = 'fin' | 'rst'

const LAST_WORDS_MS = secondsToMs(1)

export interface OutletSettings {
  readonly socket: Socket
  /** Unsent bytes above which the client is slow and its socket destroyed. */
  readonly limitBytes: number
  /** Draws the sizes of pieces. */
  readonly random: Random
  readonly onSlow: (bufferedBytes: number) => void
}

/** The sending side of a client's connection: bounded, and able to misbehave. */
export class Outlet {
  /** Largest piece that leaves in one write, bytes; undefined: whole batches. */
  readonly pieceBytes = new Layers<number | undefined>(undefined)
  readonly #settings: OutletSettings
  #pieces: Buffer[] = []
  #piecesBytes = 0
  #pumping = false
  #mutes = 0
  /** The last word was said, though it may still be on its way. */
  #cut = false

  constructor(settings: OutletSettings) {
    this.#settings = settings
  }

  /** Nothing leaves, and nothing is kept for later but what was cut into pieces before. */
  get muted(): boolean {
    return this.#mutes > 0
  }

  get open(): boolean {
    const { socket } = this.#settings
    return !this.#cut && !socket.destroyed && !socket.writableEnded
  }

  /** @returns what takes the mute back; several add up */
  mute(): () => void {
    this.#mutes++
    let over = false
    return () => {
      if (!over) this.#mutes--
      over = true
      this.#startPump()
    }
  }

  write(bytes: Buffer): void {
    if (!this.open || this.muted) return
    if (this.pieceBytes.value === undefined && this.#pieces.length === 0) this.#settings.socket.write(bytes)
    else this.#queue(bytes)
    const bufferedBytes = this.#settings.socket.writableLength + this.#piecesBytes
    if (bufferedBytes <= this.#settings.limitBytes) return
    this.#settings.onSlow(bufferedBytes)
    this.#settings.socket.destroy()
  }

  /** Sends what is still buffered and closes; a client that does not take it is cut off after a second. */
  end(): void {
    this.#flushPieces()
    const { socket } = this.#settings
    socket.end()
    setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref()
  }

  /** Sends the bytes, then ends the connection whatever else was to be said. */
  cut(lastBytes: Buffer, how: Ending): void {
    this.#flushPieces()
    const { socket } = this.#settings
    if (!this.open) return
    this.#cut = true
    if (how === 'fin') {
      socket.write(lastBytes)
      return this.end()
    }
    if (lastBytes.length === 0) return void socket.resetAndDestroy()
    const reset = () => socket.resetAndDestroy()
    socket.write(lastBytes, reset)
    // A client that reads nothing would keep its connection.
    setTimeout(reset, LAST_WORDS_MS).unref()
  }

  #queue(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#piecesBytes += bytes.length
    this.#startPump()
  }

  #startPump(): void {
    if (this.#pumping || this.#pieces.length === 0) return
    this.#pumping = true
    setImmediate(this.#pump)
  }

  /** One piece a turn of the event loop, so that the client reads them apart. */
  readonly #pump = (): void => {
    const [first] = this.#pieces
    this.#pumping = first !== undefined && this.open && !this.muted
    if (first === undefined || !this.#pumping) return
    const most = this.pieceBytes.value
    if (most === undefined) return this.#flushPieces()
    const piece = first.subarray(0, 1 + Math.floor(this.#settings.random() * most))
    const rest = first.subarray(piece.length)
    if (rest.length > 0) this.#pieces[0] = rest
    else this.#pieces.shift()
    this.#piecesBytes -= piece.length
    this.#settings.socket.write(piece)
    setImmediate(this.#pump)
  }

  #flushPieces(): void {
    if (this.open) for (const piece of this.#pieces) this.#settings.socket.write(piece)
    this.#pieces = []
    this.#piecesBytes = 0
    this.#pumping = false
  }
}
