import { setImmediate as nextTurn } from 'node:timers/promises'
import { US_PER_SECOND, wholeSeconds } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { MarketEvents } from '../market-events.ts'
import { type DueTicks, MAX_TICKS_PER_TURN, type MarketSource, type PastSeconds, type TapeMark, type TapeMoment } from '../market-source.ts'
import type { Tick, TickKind } from '../tick.ts'
import { ContractModel, type ModelSettings } from './contract-model.ts'
import { LiveCursor } from './live-cursor.ts'

/** Seconds of history that are made before others get a turn. */
const SECONDS_PER_TURN = 200

/** A market without beginning and end. Only contracts that somebody listens to are played; the others' past can be told all the same. */
export class ModelSource implements MarketSource {
  readonly name = 'model'
  readonly pace = 'clock'
  readonly conIds: readonly number[] = []
  readonly keepsHours: boolean
  readonly events: MarketEvents
  readonly #settings: ModelSettings
  readonly #models = new Map<number, ContractModel>()
  readonly #cursors = new Map<number, LiveCursor>()
  #madeUntilUs = 0

  constructor(settings: ModelSettings) {
    this.#settings = settings
    this.keepsHours = settings.hours === 'exchange'
    this.events = new MarketEvents(() => this.#madeUntilUs)
  }

  carries(_conId: number, kind: TickKind): boolean {
    return kind === 'bid_ask' || kind === 'all_last'
  }

  listen(contract: SimContract, now: TapeMoment): void {
    if (this.#cursors.has(contract.conId)) return
    this.#cursors.set(contract.conId, new LiveCursor(this.#modelOf(contract), this.events, now.wallUs))
  }

  unlisten(conId: number): void {
    this.#cursors.delete(conId)
  }

  async due(now: TapeMoment): Promise<DueTicks> {
    this.#madeUntilUs = Math.max(this.#madeUntilUs, now.wallUs)
    for (const cursor of this.#cursors.values()) cursor.refresh()
    const ticks: Tick[] = []
    let cursor = this.#earliest()
    while (cursor !== undefined && cursor.nextUs <= now.wallUs && ticks.length < MAX_TICKS_PER_TURN) {
      const tick = cursor.next()
      if (tick !== undefined) ticks.push(tick)
      cursor = this.#earliest()
    }
    return { ticks, nextUs: cursor === undefined ? Number.POSITIVE_INFINITY : cursor.nextUs - now.wallUs + now.tapeUs, ended: false }
  }

  /** Up to where the contract was given out live, or now: a stream that joins begins there. */
  markOf(conId: number, nowUs: number): TapeMark {
    const mark = this.#cursors.get(conId)?.positionUs ?? nowUs
    return { mark, lastWholeSecond: wholeSeconds(mark) - 1 }
  }

  async *past({ contract, fromSecond, toSecond, direction }: PastSeconds, untilUs: number): AsyncGenerator<readonly Tick[]> {
    const model = this.#modelOf(contract)
    const last = Math.min(toSecond, wholeSeconds(untilUs))
    for (let i = 0; i <= last - fromSecond; i++) {
      if (i % SECONDS_PER_TURN === SECONDS_PER_TURN - 1) await nextTurn()
      const ticks = ticksOf(model, direction === 'forward' ? fromSecond + i : last - i, untilUs)
      if (ticks.length > 0) yield ticks
    }
  }

  async close(): Promise<void> {
    this.#cursors.clear()
  }

  #modelOf(contract: SimContract): ContractModel {
    const known = this.#models.get(contract.conId)
    if (known !== undefined) return known
    const model = new ContractModel(contract, this.#settings, this.events)
    this.#models.set(contract.conId, model)
    return model
  }

  #earliest(): LiveCursor | undefined {
    let earliest: LiveCursor | undefined
    for (const cursor of this.#cursors.values()) {
      if (earliest === undefined || cursor.nextUs < earliest.nextUs) earliest = cursor
    }
    return earliest
  }
}

function ticksOf(model: ContractModel, second: number, untilUs: number): readonly Tick[] {
  const streams = model.second(second)
  const endUs = Math.min(untilUs, (second + 1) * US_PER_SECOND)
  const ticks: Tick[] = []
  while (streams.nextUs < endUs) ticks.push(streams.take())
  return ticks
}
