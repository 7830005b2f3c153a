import { createServer, type Server, type Socket } from 'node:net'
import { dateOfUs } from './clock.ts'
import { Catalogue } from './contract/catalogue.ts'
import type { MarketSource } from './market/market-source.ts'
import { ModelSource } from './market/model/model-source.ts'
import { openReplay } from './market/replay/replay-source.ts'
import { type GatewaySimOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { ClientSession } from './session/client-session.ts'
import type { House } from './session/house.ts'
import { Tape, type TapeState } from './tape/tape.ts'
import { noTruth, openTruthLog, type TruthLog } from './tape/truth-log.ts'

/** What the simulator counts. */
export interface GatewaySimStats {
  readonly source: 'model' | 'replay'
  readonly tape: TapeState
  /** Sessions that have passed START_API. */
  readonly clients: number
  readonly subscriptions: number
  /** Ticks handed to sockets; one that two subscriptions get counts twice. */
  readonly ticks: number
}

/** A running simulator. */
export interface GatewaySim extends AsyncDisposable {
  readonly host: string
  /** The port that it really listens on. */
  readonly port: number
  /** Resolves when the tape has ended or failed, or the simulator was closed; never rejects. A model ends only by closing. */
  readonly tapeDone: Promise<void>
  stats(): GatewaySimStats
  /** Stops the tape, lets sockets drain for a second, closes them and flushes the truth log. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a gateway; resolves when it listens.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID, IBS_SIM_REPLAY_INVALID
 * @throws Error of node:net (`EADDRINUSE`, `EACCES`) when the port cannot be had
 */
export async function startGatewaySim(options: GatewaySimOptions): Promise<GatewaySim> {
  const resolved = resolveOptions(options)
  const source = await openSource(resolved)
  const truth = resolved.truth === undefined ? noTruth : openTruthLog(resolved.truth)
  const gateway = new RunningGateway(resolved, source, truth)
  try {
    await gateway.listen()
  } catch (error) {
    await gateway.close()
    throw error
  }
  return gateway
}

class RunningGateway implements GatewaySim {
  readonly host: string
  readonly tapeDone: Promise<void>
  readonly #options: ResolvedOptions
  readonly #source: MarketSource
  readonly #truth: TruthLog
  readonly #house: House
  readonly #server: Server
  readonly #sessions = new Set<ClientSession>()
  #port = 0
  #closed: Promise<void> | undefined

  constructor(options: ResolvedOptions, source: MarketSource, truth: TruthLog) {
    const { clock, log } = options
    const tape = new Tape({ source, clock, truth, log, startAfter: options.startAfter, withoutListeners: options.hold ? 'hold' : 'goOn' })
    const catalogue = new Catalogue(dateOfUs(clock.wallUs()))
    for (const conId of source.conIds) catalogue.addUnknown(conId)
    this.host = options.host
    this.#options = options
    this.#source = source
    this.#truth = truth
    this.#house = houseOf(options, tape, catalogue)
    this.#server = createServer((socket) => this.#welcome(socket))
    this.tapeDone = tape.run()
  }

  get port(): number {
    return this.#port
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(this.#options.port, this.#options.host, resolve)
    await promise
    this.#server.off('error', reject)
    const address = this.#server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : this.#options.port
    this.#options.log('info', 'listening', { host: this.host, port: this.#port, source: this.#source.name })
  }

  stats(): GatewaySimStats {
    const { tape, clientIds } = this.#house
    return {
      source: this.#source.name,
      tape: tape.state,
      clients: clientIds.size,
      subscriptions: tape.subscriptions,
      ticks: tape.sentTicks,
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#house.tape.stop()
    await this.tapeDone
    await this.#source.close()
    const serverClosed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.#sessions) session.end()
    await serverClosed
    this.#truth.close()
  }

  #welcome(socket: Socket): void {
    const session = new ClientSession(socket, this.#house)
    this.#sessions.add(session)
    socket.once('close', () => this.#sessions.delete(session))
  }
}

function houseOf(options: ResolvedOptions, tape: Tape, catalogue: Catalogue): House {
  return {
    tape,
    catalogue,
    log: options.log,
    clock: options.clock,
    accounts: options.accounts,
    maxServerVersion: options.maxVersion,
    slowClientBytes: options.slowClientBytes,
    clientIds: new Set(),
  }
}

async function openSource(options: ResolvedOptions): Promise<MarketSource> {
  if (options.replay === undefined) return new ModelSource({ seed: options.seed, rate: options.rate })
  return openReplay({ path: options.replay, speed: options.speed, stamps: options.keepTimes ? 'recorded' : 'now' })
}
