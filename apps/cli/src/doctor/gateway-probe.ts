import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * A look at a gateway with as little as the TWS protocol needs: handshake, START_API, a few requests. It is no second client for data: ingest is the only door to IB. Frames are a
 * length of four bytes and fields that each end with a NUL (IB's reference clients; docs/reference/gateway-sim.md has a peer).
 */
export interface Probe extends Disposable {
  readonly serverVersion: number
  /** Messages without a request: code and text. */
  readonly notices: readonly { code: number; text: string }[]
  send(...fields: (string | number)[]): void
  /** The next message that fits, also of those that came already; undefined when none comes in time. */
  next(fits: (fields: readonly string[]) => boolean, withinMs: number): Promise<readonly string[] | undefined>
}

/** Why there is no session. */
export type ProbeFailure = 'refused' | 'unreachable' | 'closed_at_once' | 'silent' | 'client_id_in_use' | 'no_gateway'

export interface ProbeOptions {
  host: string
  port: number
  clientId: number
  withinMs: number
}

const START_API = 71
const NEXT_VALID_ID = '9'
const ERROR_MESSAGE = '4'
const CLIENT_ID_IN_USE = 326
const MOST_FRAME_BYTES = 2 ** 20

/** @throws nothing: what went wrong is the answer */
export async function openProbe({
  host,
  port,
  clientId,
  withinMs,
}: ProbeOptions): Promise<Probe | { failure: ProbeFailure; text: string }> {
  const socket = connect({ host, port })
  const late = AbortSignal.timeout(withinMs)
  try {
    await once(socket, 'connect', { signal: late })
  } catch (error) {
    socket.destroy()
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ECONNREFUSED') return { failure: 'refused', text: `nothing listens on ${host}:${port}` }
    return { failure: 'unreachable', text: `${host}:${port} cannot be reached (${code ?? 'no answer'})` }
  }
  const session = new Session(socket)
  const range = Buffer.from('v100..193')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(range.length)
  socket.write(Buffer.concat([Buffer.from('API\0'), length, range]))
  const hello = await session.next(() => true, withinMs)
  if (!hello) return session.failed(session.isClosed ? 'closed_at_once' : 'silent', `${host}:${port} took the connection and said nothing`)
  session.serverVersion = Number(hello[0])
  if (!(session.serverVersion >= 100)) return session.failed('no_gateway', `what listens on ${host}:${port} is no gateway`)
  session.send(START_API, 2, clientId, '')
  const ready = await session.next((fields) => fields[0] === NEXT_VALID_ID || codeOfNotice(fields) === CLIENT_ID_IN_USE, withinMs)
  if (ready && codeOfNotice(ready) === CLIENT_ID_IN_USE) return session.failed('client_id_in_use', `client id ${clientId} is in use`)
  if (!ready) return session.failed(session.isClosed ? 'closed_at_once' : 'silent', `${host}:${port} does not let the session begin`)
  return session
}

const codeOfNotice = (fields: readonly string[]): number | undefined => (fields[0] === ERROR_MESSAGE ? Number(fields[3]) : undefined)

class Session implements Probe {
  serverVersion = 0
  isClosed = false
  readonly #socket: Socket
  readonly #messages: (readonly string[])[] = []
  readonly #wakers = new Set<() => void>()
  #rest = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  get notices(): readonly { code: number; text: string }[] {
    return this.#messages
      .filter((fields) => fields[0] === ERROR_MESSAGE)
      .map((fields) => ({ code: Number(fields[3]), text: fields[4] ?? '' }))
  }

  send(...fields: (string | number)[]): void {
    const body = Buffer.from(fields.map((field) => `${field}\0`).join(''))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    this.#socket.write(Buffer.concat([length, body]))
  }

  async next(fits: (fields: readonly string[]) => boolean, withinMs: number): Promise<readonly string[] | undefined> {
    const endMs = performance.now() + withinMs
    for (;;) {
      const found = this.#messages.find(fits)
      const leftMs = endMs - performance.now()
      if (found || this.isClosed || leftMs <= 0) return found
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wakers.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  failed(failure: ProbeFailure, text: string): { failure: ProbeFailure; text: string } {
    this[Symbol.dispose]()
    return { failure, text }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 4) {
      const length = this.#rest.readUInt32BE(0)
      if (length > MOST_FRAME_BYTES) {
        this.#messages.push(['not a frame'])
        this.#socket.destroy()
        break
      }
      if (this.#rest.length < 4 + length) break
      this.#messages.push(
        this.#rest
          .toString('utf8', 4, 4 + length)
          .split('\0')
          .slice(0, -1),
      )
      this.#rest = this.#rest.subarray(4 + length)
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakers) wake()
    this.#wakers.clear()
  }
}
