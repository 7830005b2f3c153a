import { createServer, type Server, type Socket } from 'node:net'

const RETRY_MS = 50

/** The gateway's listening socket, which can refuse connections for a while and then be there again under the same number. */
export class Port {
  readonly #host: string
  readonly #onConnection: (socket: Socket) => void
  #number: number
  #server: Server | undefined
  #closings = 0
  #ended = false

  constructor(host: string, number: number, onConnection: (socket: Socket) => void) {
    this.#host = host
    this.#number = number
    this.#onConnection = onConnection
  }

  /** The number that it really has. */
  get number(): number {
    return this.#number
  }

  /** @throws Error of node:net (`EADDRINUSE`, `EACCES`) */
  async listen(): Promise<void> {
    const server = createServer(this.#onConnection)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(this.#number, this.#host, resolve)
    await promise
    server.off('error', reject)
    this.#server = server
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#number = address.port
    if (this.#refuses) this.#stopListening()
  }

  /** Connections are refused until as many openings as closings were asked for. */
  close(): void {
    this.#closings++
    this.#stopListening()
  }

  open(): void {
    this.#closings--
    if (!this.#refuses) this.#listenAgain()
  }

  /** Resolves when nothing listens and every connection is over. */
  end(): Promise<void> {
    this.#ended = true
    const server = this.#server
    return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }

  get #refuses(): boolean {
    return this.#closings > 0 || this.#ended
  }

  #stopListening(): void {
    this.#server?.close()
    this.#server = undefined
  }

  /** Somebody may hold the number for a moment; it is tried until it is free. */
  #listenAgain(): void {
    if (this.#refuses || this.#server !== undefined) return
    this.listen().catch(() => setTimeout(() => this.#listenAgain(), RETRY_MS).unref())
  }
}
