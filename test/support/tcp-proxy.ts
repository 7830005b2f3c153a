import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** `open` hands everything on · `cut`: connections are reset, new ones too · `blackHole`: connections stand, nothing passes either way. */
export type LinkMode = 'open' | 'cut' | 'blackHole'

/**
 * The network between one program and one server. What was on its way when a black hole began arrives when it ends, also when its sender has given up
 * meanwhile: the late deliveries of an old connection.
 */
export class TcpProxy implements AsyncDisposable {
  readonly port: number
  /** What each chunk waits before it is handed on, ms; order is kept. */
  delayMs = 0
  #mode: LinkMode = 'open'
  #server: Server
  #pairs = new Set<Pair>()

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TcpProxy(server, targetPort)
  }

  constructor(server: Server, targetPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#join(client, targetPort))
  }

  get mode(): LinkMode {
    return this.#mode
  }

  set mode(mode: LinkMode) {
    this.#mode = mode
    for (const pair of this.#pairs) mode === 'cut' ? pair.reset() : pair.hold(mode === 'blackHole')
  }

  /** Resets what stands; new connections are taken. */
  resetAll(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  #join(client: Socket, targetPort: number): void {
    if (this.#mode === 'cut') return reset(client)
    const server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair = new Pair(client, server, () => this.delayMs)
    this.#pairs.add(pair)
    pair.hold(this.#mode === 'blackHole')
    pair.whenOver(() => this.#pairs.delete(pair))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) pair.reset()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class Pair {
  #client: Socket
  #server: Socket
  #flows: Flow[]

  constructor(client: Socket, server: Socket, delayMs: () => number) {
    this.#client = client
    this.#server = server
    this.#flows = [new Flow(client, server, delayMs), new Flow(server, client, delayMs)]
  }

  hold(held: boolean): void {
    for (const flow of this.#flows) flow.held = held
  }

  reset(): void {
    for (const socket of [this.#client, this.#server]) reset(socket)
  }

  whenOver(over: () => void): void {
    let open = 2
    const end = () => {
      open -= 1
      if (open === 0) over()
    }
    this.#client.once('close', end)
    this.#server.once('close', end)
  }
}

/** One direction. Chunks and the end of the stream wait in one queue. */
class Flow {
  #queue: { bytes: Buffer | undefined; dueMs: number }[] = []
  #to: Socket
  #held = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, delayMs: () => number) {
    this.#to = to
    const put = (bytes: Buffer | undefined) => {
      this.#queue.push({ bytes, dueMs: performance.now() + delayMs() })
      this.#drain()
    }
    from.on('data', put)
    from.on('end', () => put(undefined))
    from.on('error', () => put(undefined)) // its other side learns of it in turn, behind what was sent before
  }

  set held(held: boolean) {
    this.#held = held
    this.#drain()
  }

  #drain(): void {
    clearTimeout(this.#timer)
    while (!this.#held) {
      const [next] = this.#queue
      if (!next) return
      const waitMs = next.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#drain(), waitMs)
        return
      }
      this.#queue.shift()
      if (next.bytes) this.#to.write(next.bytes)
      else this.#to.end()
    }
  }
}

/** Node does not close a socket at all that is to be reset while its end is on the way (libuv refuses it): it would stand for ever, and keep the process from ending. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
