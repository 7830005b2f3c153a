import type { Socket } from 'node:net'
import { dateOfUs } from './clock.ts'
import { Catalogue } from './contract/catalogue.ts'
import { Conduct } from './fault/conduct.ts'
import { FaultDesk, type FaultOrder, type FaultReport } from './fault/fault-desk.ts'
import type { FaultTarget } from './fault/fault-kind.ts'
import { checkScenario, playScenario, readScenario, type Scenario } from './fault/scenario.ts'
import { type TapeQuery, tapeOf } from './history/tape-query.ts'
import { HistoryPacing } from './limit/history-pacing.ts'
import { TickLines } from './limit/tick-lines.ts'
import type { MarketSource } from './market/market-source.ts'
import { ModelSource } from './market/model/model-source.ts'
import { openReplay } from './market/replay/replay-source.ts'
import type { Tick } from './market/tick.ts'
import { type GatewaySimOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { Port } from './port.ts'
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
  /** What the gateway's clock says, ISO 8601. */
  readonly clock: string
  /** Faults that last, by name. */
  readonly faults: readonly string[]
}

/** A running simulator. */
export interface GatewaySim extends AsyncDisposable {
  readonly host: string
  /** The port that it really listens on. */
  readonly port: number
  /** Resolves when the tape has ended or failed, or the simulator was closed; never rejects. A model ends only by closing. */
  readonly tapeDone: Promise<void>
  /** Faults on command. */
  readonly faults: Pick<FaultDesk, 'order' | 'lift' | 'liftAll' | 'active'>
  stats(): GatewaySimStats
  /** What happened in the market, sent or not: ticks of a contract and kind in whole seconds of the past. */
  tape(query: TapeQuery): Promise<readonly Tick[]>
  /** Stops the tape, lets sockets drain for a second, closes them and flushes the truth log. Idempotent. */
  close(): Promise<void>
}

export type { FaultOrder, FaultReport }

/**
 * Starts a gateway; resolves when it listens.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID, IBS_SIM_REPLAY_INVALID, IBS_SIM_SCENARIO_INVALID
 * @throws Error of node:net (`EADDRINUSE`, `EACCES`) when the port cannot be had
 */
export async function startGatewaySim(options: GatewaySimOptions): Promise<GatewaySim> {
  const resolved = resolveOptions(options)
  const scenario = resolved.scenario === undefined ? [] : readScenario(resolved.scenario)
  const source = await openSource(resolved)
  const truth = resolved.truth === undefined ? noTruth : openTruthLog(resolved.truth)
  const gateway = new RunningGateway(resolved, source, truth)
  try {
    await gateway.listen(scenario)
  } catch (error) {
    await gateway.close()
    throw error
  }
  return gateway
}

class RunningGateway implements GatewaySim {
  readonly host: string
  readonly tapeDone: Promise<void>
  readonly faults: FaultDesk
  readonly #options: ResolvedOptions
  readonly #source: MarketSource
  readonly #truth: TruthLog
  readonly #house: House
  readonly #port: Port
  readonly #sessions = new Set<ClientSession>()
  #stopScenario = () => {}
  #closed: Promise<void> | undefined

  constructor(options: ResolvedOptions, source: MarketSource, truth: TruthLog) {
    const { clock, log } = options
    const withoutListeners = options.hold && source.name === 'replay' ? 'hold' : 'goOn'
    const tape = new Tape({ source, clock, truth, log, startAfter: options.startAfter, withoutListeners })
    this.host = options.host
    this.#options = options
    this.#source = source
    this.#truth = truth
    this.#house = houseOf(options, source, tape)
    this.#port = new Port(options.host, options.port, (socket) => this.#welcome(socket))
    this.faults = new FaultDesk(this.#target())
    this.tapeDone = tape.run()
  }

  get port(): number {
    return this.#port.number
  }

  async listen(scenario: Scenario): Promise<void> {
    checkScenario(scenario, (order) => this.faults.check(order))
    await this.#port.listen()
    this.#options.log('info', 'listening', { host: this.host, port: this.port, source: this.#source.name })
    this.#stopScenario = playScenario(scenario, this.#options.clock, (order) => this.faults.order(order))
  }

  stats(): GatewaySimStats {
    const { tape, clientIds, clock } = this.#house
    return {
      source: this.#source.name,
      tape: tape.state,
      clients: clientIds.size,
      subscriptions: tape.subscriptions,
      ticks: tape.sentTicks,
      clock: dateOfUs(clock.wallUs()).toISOString(),
      faults: this.faults.active.map(({ fault }) => fault),
    }
  }

  tape(query: TapeQuery): Promise<readonly Tick[]> {
    return tapeOf(this.#house, query)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#stopScenario()
    this.faults.close()
    this.#house.tape.stop()
    await this.tapeDone
    await this.#source.close()
    const portEnded = this.#port.end()
    const sessionsEnded = [...this.#sessions].map((session) => session.end())
    await Promise.all([portEnded, ...sessionsEnded])
    this.#truth.close()
  }

  #welcome(socket: Socket): void {
    const session = new ClientSession(socket, this.#house)
    for (const arrive of this.#house.conduct.arrivals) arrive(session.outlet)
    this.#sessions.add(session)
    socket.once('close', () => this.#sessions.delete(session))
  }

  #target(): FaultTarget {
    const sessions = this.#sessions
    return {
      house: this.#house,
      clock: this.#options.clock,
      get sessions() {
        return [...sessions]
      },
      marketEvents: this.#source.events,
      closePort: () => this.#port.close(),
      openPort: () => this.#port.open(),
    }
  }
}

function houseOf(options: ResolvedOptions, market: MarketSource, tape: Tape): House {
  const { clock } = options
  const startedAt = dateOfUs(clock.wallUs())
  const catalogue = new Catalogue(startedAt, options.hours === 'exchange' ? () => dateOfUs(clock.wallUs()) : undefined)
  for (const conId of market.conIds) catalogue.addUnknown(conId)
  return {
    market,
    tape,
    catalogue,
    clock,
    log: options.log,
    conduct: new Conduct(),
    lines: new TickLines(options, clock),
    historyPacing: new HistoryPacing(clock),
    messagesPerSecond: options.messagesPerSecond,
    accounts: options.accounts,
    maxServerVersion: options.maxVersion,
    slowClientBytes: options.slowClientBytes,
    seed: options.seed,
    clientIds: new Set(),
  }
}

async function openSource(options: ResolvedOptions): Promise<MarketSource> {
  if (options.replay === undefined) return new ModelSource(options)
  return openReplay({ path: options.replay, speed: options.speed, stamps: options.keepTimes ? 'recorded' : 'now' })
}
