import type { SimContract } from '../../contract/contract.ts'
import { type DueTicks, MAX_TICKS_PER_TURN, type MarketSource, type TapeMoment } from '../market-source.ts'
import type { Tick, TickKind } from '../tick.ts'
import { ContractModel, type ModelSettings } from './contract-model.ts'

/** A market without end: each contract trades from the first subscription to it. */
export class ModelSource implements MarketSource {
  readonly name = 'model'
  readonly pace = 'clock'
  readonly conIds: readonly number[] = []
  readonly #settings: ModelSettings
  readonly #models = new Map<number, ContractModel>()

  constructor(settings: ModelSettings) {
    this.#settings = settings
  }

  carries(_conId: number, kind: TickKind): boolean {
    return kind === 'bid_ask' || kind === 'all_last'
  }

  listen(contract: SimContract, now: TapeMoment): void {
    if (!this.#models.has(contract.conId)) this.#models.set(contract.conId, new ContractModel(contract, this.#settings, now.tapeUs))
  }

  async due(now: TapeMoment): Promise<DueTicks> {
    const ticks: Tick[] = []
    let model = this.#earliest()
    while (model !== undefined && model.nextUs <= now.tapeUs && ticks.length < MAX_TICKS_PER_TURN) {
      ticks.push(model.next(now.wallUs - now.tapeUs + model.nextUs))
      model = this.#earliest()
    }
    return { ticks, nextUs: model?.nextUs ?? Number.POSITIVE_INFINITY, ended: false }
  }

  async close(): Promise<void> {
    this.#models.clear()
  }

  #earliest(): ContractModel | undefined {
    let earliest: ContractModel | undefined
    for (const model of this.#models.values()) {
      if (earliest === undefined || model.nextUs < earliest.nextUs) earliest = model
    }
    return earliest
  }
}
