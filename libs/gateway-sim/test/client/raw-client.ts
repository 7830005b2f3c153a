import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Watch } from './until.ts'

/** A client that knows nothing but bytes: for what no library sends. */
export class RawClient implements Disposable {
  readonly socket: Socket
  /** Everything received. */
  bytes: Buffer = Buffer.alloc(0)
  closed = false
  readonly #watch = new Watch()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk])
      this.#watch.happened()
    })
    socket.on('error', () => this.#watch.happened())
    socket.on('close', () => {
      this.closed = true
      this.#watch.happened()
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Greets and starts the API, as the official Python client 10.30 would. */
  static async started(port: number, clientId: number, versions = 'v100..187'): Promise<RawClient> {
    const client = await RawClient.connect(port)
    client.socket.write(greeting(versions))
    await client.until(() => client.frames().length === 1, 'the server version')
    client.send('71', '2', String(clientId), '')
    await client.until(() => client.frames().length >= 8, 'the welcome')
    return client
  }

  send(...fields: string[]): void {
    this.socket.write(frame(fields))
  }

  frames(): string[][] {
    const found: string[][] = []
    let at = 0
    while (this.bytes.length - at >= 4) {
      const end = at + 4 + this.bytes.readUInt32BE(at)
      if (end > this.bytes.length) break
      found.push(this.bytes.toString('utf8', at + 4, end - 1).split('\0'))
      at = end
    }
    return found
  }

  until(condition: () => boolean, what: string): Promise<void> {
    return this.#watch.until(condition, () => `${what}; received ${JSON.stringify(this.frames().slice(-5))}`)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

export function greeting(versions: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(versions.length)
  return Buffer.concat([Buffer.from('API\0'), length, Buffer.from(versions)])
}

export function frame(fields: readonly string[]): Buffer {
  const payload = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(payload.length)
  return Buffer.concat([length, payload])
}
