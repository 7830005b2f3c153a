import { jest } from '@jest/globals'
import { Disk } from './disk.ts'
import { ModelGateway } from './gateway.ts'
import { ModelIngest } from './ingest.ts'
import { type MarketStream, STREAMS } from './market.ts'

const ALL_WELL_MS = 6_000
/** Enough to be back from everything, and to take a quiet stream for quiet. */
const CALM_MS = 45_000
/** Enough for two ticks of each stream that has any: the first after a refusal only shows that IB sends again. */
const RECOVERY_MS = 100_000

/** Gateway, disk and ingest together, in made up time. */
export class World {
  readonly gateway = new ModelGateway()
  readonly disk = new Disk()
  /** What went wrong in ingest that never can. */
  readonly failures: string[] = []
  /** Of these the watch for silence would see to it that they come back. */
  readonly #suspects = new Set<number>()
  readonly #desired = new Set<MarketStream>(STREAMS)
  ingest = this.#start()

  async begin(): Promise<void> {
    await this.pass(ALL_WELL_MS)
  }

  async pass(ms: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(ms)
  }

  async restart(awayMs: number): Promise<void> {
    this.ingest.kill()
    this.gateway.drop('its client was killed')
    await this.pass(awayMs)
    this.ingest = this.#start()
  }

  want(stream: MarketStream): void {
    this.#desired.add(stream)
    this.ingest.recorder.desire([...this.#desired])
  }

  leave(stream: MarketStream): void {
    this.#desired.delete(stream)
    this.ingest.recorder.desire([...this.#desired])
  }

  /** What the watch for silence does, right or not. */
  suspect({ rid }: MarketStream): void {
    this.#suspects.add(rid)
    this.ingest.recorder.restartStream(rid, 'silent for too long')
  }

  /** All that keeps ingest from the gateway is over, then all that keeps the gateway from IB; then ingest is stopped. */
  async end(): Promise<void> {
    this.gateway.isUp = true
    this.ingest.spool.full = false
    this.gateway.goOn()
    await this.pass(CALM_MS)
    this.gateway.recover()
    await this.pass(RECOVERY_MS)
    this.#judgeRecovery()
    const stopped = this.ingest.stop()
    await this.pass(0)
    await stopped
  }

  #judgeRecovery(): void {
    const { state, openGaps, streams } = this.ingest.recorder
    if (state !== 'ready') this.failures.push(`all is well, and the connection is ${state}`)
    for (const { rid, symbol } of streams)
      if (openGaps.has(rid) && !this.#suspects.has(rid))
        this.failures.push(`all is well, and ${symbol} has a gap since ${openGaps.get(rid)?.fromUs} µs`)
  }

  #start(): ModelIngest {
    return new ModelIngest(this.disk, this.gateway, [...this.#desired], (words) => this.failures.push(words))
  }
}
