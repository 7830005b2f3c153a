import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A frame of the TWS protocol: length, then each field with its NUL. */
export function frame(...fields: (string | number)[]): Buffer {
  const payload = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  return lengthFirst(payload.length, payload)
}

/** Any bytes under any length. */
export function lengthFirst(length: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(length)
  return Buffer.concat([head, payload])
}

/** What the gateway says of itself. */
export const notice = (code: number): Buffer => frame(4, 2, -1, code, `notice ${code}`, '')

/** What the gateway says of a request. */
export const requestError = (rid: number, code: number): Buffer => frame(4, 2, rid, code, `error ${code}`, '')

const NEXT_VALID_ID = '9'

/** Stands between ingest and the simulator, hands on whole frames, and says what the simulator never would. */
export class GatewayProxy implements AsyncDisposable {
  readonly port: number
  /** Connections so far. */
  connections = 0
  /** Said just before the gateway takes requests. */
  beforeReady: Buffer = Buffer.alloc(0)
  /** Frames of the gateway are thrown away: the socket is open, the gateway answers nothing. */
  mute = false
  /** Of the gateway only ticks are thrown away, as when it is cut off from IB. */
  tickless = false
  /** What clients say is held back: their requests are long on the way. */
  #isHolding = false
  readonly #held: (() => void)[] = []
  #server: Server
  #clients = new Set<Socket>()

  static async start(simPort: number): Promise<GatewayProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new GatewayProxy(server, simPort)
  }

  constructor(server: Server, simPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#join(client, simPort))
  }

  hold(): void {
    this.#isHolding = true
  }

  /** Hands on what was held back, and all that comes. */
  letGo(): void {
    this.#isHolding = false
    for (const send of this.#held.splice(0)) send()
  }

  /** Says it to everybody who is connected, between two frames. */
  say(...frames: Buffer[]): void {
    for (const client of this.#clients) client.write(Buffer.concat(frames))
  }

  /** As a gateway does with a client that is too slow. */
  hangUp(): void {
    for (const client of this.#clients) client.destroy()
  }

  #join(client: Socket, simPort: number): void {
    this.connections += 1
    const sim = connect(simPort, '127.0.0.1')
    this.#clients.add(client)
    client.on('data', (bytes) => {
      const send = () => void sim.write(bytes)
      if (this.#isHolding) this.#held.push(send)
      else send()
    })
    client.on('end', () => sim.end())
    let rest: Buffer = Buffer.alloc(0)
    sim.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes])
      for (let end = endOfFrame(rest); end > 0; end = endOfFrame(rest)) {
        this.#handOn(client, rest.subarray(0, end))
        rest = rest.subarray(end)
      }
    })
    for (const socket of [client, sim]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        sim.destroy()
        this.#clients.delete(client)
      })
    }
  }

  #handOn(client: Socket, one: Buffer): void {
    const [kind] = one.toString('utf8', 4).split('\0', 1)
    if (this.mute || (this.tickless && kind === '99')) return
    if (kind === NEXT_VALID_ID) client.write(this.beforeReady)
    client.write(one)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function endOfFrame(bytes: Buffer): number {
  if (bytes.length < 4) return 0
  const end = 4 + bytes.readUInt32BE()
  return end <= bytes.length ? end : 0
}
