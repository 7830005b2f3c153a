import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { msFromUs, US_PER_SECOND } from '@ib-stream/model'
import type { CapturedConnection, CapturedFrame } from './read-capture.ts'

export interface ReplayOptions {
  /** Read through once for what the gateway knew of contracts, once to be played. */
  connections(): AsyncIterable<CapturedConnection>
  host: string
  /** 0 takes a free one. */
  port: number
  /** Multiple of the captured pace; Infinity: as fast as the client reads. */
  speed: number
}

/** Spoken where the capture does not have the beginning of a connection. */
const NEWEST_VERSION = 193
const CONTRACT = '10'
const CONTRACT_END = '52'
const TIME = '49'
const TICK = '99'
const ERROR = '4'
const NOT_PLAYED: ReadonlySet<string> = new Set([CONTRACT, CONTRACT_END, TIME, '96', '97', '98'])
/** A recorder asks for all it wants within this; then the ticks go, wanted or not. */
const SUBSCRIBES_WITHIN_MS = 10_000
const MOST_WAITING_BYTES = 1 << 20

/**
 * Plays a capture as the gateway that it came from: each captured connection to the next client that connects. What the gateway said by itself is said again, frame by
 * frame, in its pace; what it was asked is answered from what it answered then (contracts by their id, the time by the time of the frame before; history has none).
 */
export class ReplayGateway {
  readonly port: number
  /** Frames that were played. */
  frames = 0
  readonly #server: Server
  readonly #options: ReplayOptions
  readonly #contracts: ReadonlyMap<string, readonly string[]>
  readonly #clients: Socket[] = []
  #wake = Promise.withResolvers<void>()

  static async open(options: ReplayOptions): Promise<ReplayGateway> {
    const contracts = new Map<string, readonly string[]>()
    for await (const { isWhole, frames } of options.connections()) {
      const version = isWhole ? Number(frames[0]?.fields[0]) : NEWEST_VERSION
      for (const { fields } of frames) if (fields[0] === CONTRACT) contracts.set(fields[version >= 182 ? 13 : 12] ?? '', fields)
    }
    const server = createServer()
    server.listen(options.port, options.host)
    await once(server, 'listening')
    return new ReplayGateway(server, options, contracts)
  }

  constructor(server: Server, options: ReplayOptions, contracts: ReadonlyMap<string, readonly string[]>) {
    this.#server = server
    this.#options = options
    this.#contracts = contracts
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      socket.on('error', () => undefined) // its close tells
      this.#clients.push(socket)
      this.#wake.resolve()
    })
  }

  /** Returns after the last captured connection was played, or when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    for await (const connection of this.#options.connections()) {
      const socket = await this.#nextClient(signal)
      if (!socket) return
      await this.#play(socket, connection, signal)
      socket.end()
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#clients) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #nextClient(signal: AbortSignal): Promise<Socket | undefined> {
    for (;;) {
      const socket = this.#clients.find(({ destroyed }) => !destroyed)
      if (socket) this.#clients.splice(this.#clients.indexOf(socket), 1)
      if (socket || signal.aborted) return socket
      await this.#wake.promise
      this.#wake = Promise.withResolvers()
    }
  }

  async #play(socket: Socket, { isWhole, frames }: CapturedConnection, signal: AbortSignal): Promise<void> {
    const client = new ReplayClient(socket, this.#contracts)
    await client.greeted
    const hello = isWhole && frames[0] ? frames[0] : { atUs: frames[0]?.atUs ?? 0, fields: [String(NEWEST_VERSION), 'replay'] }
    client.nowUs = hello.atUs
    client.send(hello.fields)
    await client.started
    if (!isWhole)
      for (const fields of [
        ['15', '1', 'DU0'],
        ['9', '1', '1'],
      ])
        client.send(fields)
    let before = hello
    for (const frame of isWhole ? frames.slice(1) : frames) {
      if (!isPlayed(frame)) continue
      if (frame.fields[0] === TICK) await client.subscribed(frame.fields[1] ?? '')
      await this.#keepPace(before, frame)
      if (socket.destroyed || signal.aborted) return
      client.nowUs = frame.atUs
      client.send(frame.fields)
      this.frames += 1
      if (socket.writableLength > MOST_WAITING_BYTES) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
      before = frame
    }
  }

  async #keepPace(before: CapturedFrame, frame: CapturedFrame): Promise<void> {
    const ms = msFromUs((frame.atUs - before.atUs) / this.#options.speed)
    if (ms > 0) await wait(ms)
  }
}

/** Answers to requests are given when they are asked for; errors of requests that are no subscriptions mean nothing to another client. */
function isPlayed({ fields: [id = '', , rid = ''] }: CapturedFrame): boolean {
  return !NOT_PLAYED.has(id) && !(id === ERROR && Number(rid) >= 0 && Number(rid) < FIRST_STREAM_ID)
}

/** Ids of streams are hashes of 31 bits; those of other requests count from 1. */
const FIRST_STREAM_ID = 100_000

class ReplayClient {
  nowUs = 0
  readonly greeted: Promise<void>
  readonly started: Promise<void>
  readonly #socket: Socket
  readonly #contracts: ReadonlyMap<string, readonly string[]>
  readonly #greeting = Promise.withResolvers<void>()
  readonly #starting = Promise.withResolvers<void>()
  readonly #streams = new Map<string, PromiseWithResolvers<void>>()
  #rest: Buffer = Buffer.alloc(0)
  #isGreeted = false

  constructor(socket: Socket, contracts: ReadonlyMap<string, readonly string[]>) {
    this.#socket = socket
    this.#contracts = contracts
    this.greeted = this.#greeting.promise
    this.started = this.#starting.promise
    socket.on('data', (bytes) => this.#hear(bytes))
    socket.once('close', () => {
      this.#greeting.resolve()
      this.#starting.resolve()
    })
  }

  send(fields: readonly string[]): void {
    const payload = Buffer.from(fields.map((field) => `${field}\0`).join(''))
    const head = Buffer.alloc(4)
    head.writeUInt32BE(payload.length)
    this.#socket.write(Buffer.concat([head, payload]))
  }

  /** Once the client has asked for the stream, or has had time enough to. */
  async subscribed(rid: string): Promise<void> {
    await Promise.race([this.#stream(rid).promise, once(this.#socket, 'close'), wait(SUBSCRIBES_WITHIN_MS, undefined, { ref: false })])
    this.#stream(rid).resolve()
  }

  #stream(rid: string): PromiseWithResolvers<void> {
    const stream = this.#streams.get(rid) ?? Promise.withResolvers<void>()
    this.#streams.set(rid, stream)
    return stream
  }

  #hear(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    if (!this.#isGreeted && !this.#takeGreeting()) return
    for (let end = this.#frameEnd(); end <= this.#rest.length; end = this.#frameEnd()) {
      const fields = this.#rest.toString('utf8', 4, end - 1).split('\0')
      this.#rest = this.#rest.subarray(end)
      this.#answer(fields)
    }
  }

  #frameEnd(): number {
    return this.#rest.length < 4 ? Number.POSITIVE_INFINITY : 4 + this.#rest.readUInt32BE()
  }

  /** `API\0`, then the versions as a frame. */
  #takeGreeting(): boolean {
    if (this.#rest.length < 8) return false
    const end = 8 + this.#rest.readUInt32BE(4)
    if (this.#rest.length < end) return false
    this.#rest = this.#rest.subarray(end)
    this.#isGreeted = true
    this.#greeting.resolve()
    return true
  }

  #answer(fields: readonly string[]): void {
    switch (fields[0]) {
      case '71':
        return this.#starting.resolve()
      case '97':
        return this.#stream(fields[1] ?? '').resolve()
      case '49':
        return this.send([TIME, '1', String(Math.floor(this.nowUs / US_PER_SECOND))])
      case '9':
        return this.#tellContract(fields[2] ?? '', fields[3] ?? '')
      case '96':
        return this.send([
          ERROR,
          '2',
          fields[1] ?? '',
          '162',
          'Historical Market Data Service error message:HMDS query returned no data',
          '',
        ])
    }
  }

  #tellContract(rid: string, cid: string): void {
    const contract = this.#contracts.get(cid)
    if (!contract) return this.send([ERROR, '2', rid, '200', 'No security definition has been found for the request', ''])
    this.send([CONTRACT, rid, ...contract.slice(2)])
    this.send([CONTRACT_END, '1', rid])
  }
}
