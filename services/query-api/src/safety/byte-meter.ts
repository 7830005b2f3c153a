import type { Socket } from 'node:net'
import { TokenBucket } from './token-bucket.ts'

/** So many seconds' bytes may be had at once. */
const BURST_SECONDS = 60
/** What is being sent is looked at this often, while anybody asks. */
const LOOK_EVERY_MS = 250
/** Callers of which nothing is known any more are forgotten. */
const SWEEP_AT = 1_000

interface Sending {
  caller: string
  /** Of the socket's bytes these were charged. */
  charged: number
}

/**
 * How many bytes each caller is sent, over all its connections, streams among them. An answer under way is never cut off for it: whoever has had too much is asked to
 * wait before it asks again.
 */
export class ByteMeter {
  readonly #perSecond: number
  readonly #nowMs: () => number
  readonly #sockets = new Map<Socket, Sending>()
  readonly #buckets = new Map<string, TokenBucket>()
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#nowMs = nowMs
  }

  /** What the socket sends from now on is the caller's. @returns ms that it has to wait before it may ask; 0: none */
  begin(socket: Socket, caller: string): number {
    const known = this.#sockets.get(socket)
    if (known) this.#charge(socket, known)
    else socket.once('close', () => this.#end(socket))
    this.#sockets.set(socket, { caller, charged: socket.bytesWritten })
    const nowMs = this.#nowMs()
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#lookedMs = nowMs
      for (const [one, sending] of this.#sockets) this.#charge(one, sending)
    }
    return this.#bucketOf(caller).waitMs
  }

  #end(socket: Socket): void {
    const sending = this.#sockets.get(socket)
    if (sending) this.#charge(socket, sending)
    this.#sockets.delete(socket)
  }

  #charge(socket: Socket, sending: Sending): void {
    const bytes = socket.bytesWritten - sending.charged
    sending.charged += bytes
    this.#bucketOf(sending.caller).spend(bytes)
  }

  #bucketOf(caller: string): TokenBucket {
    const known = this.#buckets.get(caller)
    if (known) return known
    if (this.#buckets.size >= SWEEP_AT) for (const [id, one] of this.#buckets) if (one.isFull) this.#buckets.delete(id)
    const bucket = new TokenBucket({ most: BURST_SECONDS * this.#perSecond, perSecond: this.#perSecond }, this.#nowMs)
    this.#buckets.set(caller, bucket)
    return bucket
  }
}
