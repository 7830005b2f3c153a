import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Sink } from '../stream/deliver.ts'
import type { StreamMessage } from '../stream/message.ts'
import { wsFrame } from './server-messages.ts'

/** Bytes that may wait for a client; what comes after them stays in the hub's ring, which holds up nobody. */
export const MOST_WAITING_BYTES = 2 ** 20

/** The messages of one subscription on a socket that it shares with others. */
export class WsSink implements Sink {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #to: string
  readonly #left: AbortSignal
  readonly #drainWithinMs: number

  /**
   * @param options.left nobody waits for the client any more
   * @param options.drainWithinMs a client that takes nothing for so long is gone
   */
  constructor(ws: WebSocket, options: { socket: Socket; to: string; left: AbortSignal; drainWithinMs: number }) {
    this.#ws = ws
    this.#drainWithinMs = options.drainWithinMs
    this.#socket = options.socket
    this.#to = options.to
    this.#left = options.left
  }

  async send(messages: readonly StreamMessage[]): Promise<void> {
    this.#left.throwIfAborted()
    this.#socket.cork() // one write for the batch, not one for each tick
    for (const message of messages) this.post(message)
    this.#socket.uncork()
    if (this.#ws.bufferedAmount > MOST_WAITING_BYTES) await this.#drained()
  }

  /** Without waiting for the client. */
  post(message: StreamMessage): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(wsFrame(message, this.#to))
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        clearTimeout(deadline)
        this.#socket.off('drain', onDrain)
        this.#left.removeEventListener('abort', onLeft)
        work()
      }
      const onDrain = () => settle(resolve)
      const onLeft = () => settle(() => reject(this.#left.reason))
      const deadline = setTimeout(() => this.#ws.terminate(), this.#drainWithinMs)
      this.#socket.on('drain', onDrain)
      this.#left.addEventListener('abort', onLeft)
    })
  }
}
