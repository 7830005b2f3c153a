import type { Clock } from '@ib-stream/service'
import type { ContractDetails, Contract as IbContract } from '@stoqey/ib'
import type { HistoryQuery } from '../connection/history-requests.ts'
import { codeIn } from '../gateway-error.ts'
import type { FillJob } from './fill-job.ts'
import type { PageRequest } from './fill-walk.ts'
import { HistoryBudget } from './history-budget.ts'
import { decodeHistory, HISTORY_KINDS, type PastTick } from './history-page.ts'
import { historyVerdict } from './history-refusal.ts'

/** What of a session filling needs. */
export interface HistorySession {
  contractDetails(contract: IbContract): Promise<ContractDetails[]>
  historicalTicks(query: HistoryQuery): Promise<readonly string[]>
}

/** Asks IB for pages of its history, no faster than it allows. */
export class HistoryPages {
  readonly #clock: Clock
  readonly #session: () => HistorySession | undefined
  readonly #budget = new HistoryBudget()
  readonly #contracts = new Map<number, IbContract>()

  /** @param session the one that can be asked now */
  constructor(clock: Clock, session: () => HistorySession | undefined) {
    this.#clock = clock
    this.#session = session
  }

  /** IB called it too fast all the same. */
  refused(): void {
    this.#budget.refused(this.#clock.steadyUs())
  }

  /**
   * The ticks of a page, ascending; none where IB has nothing.
   * @throws what IB says, with its `code`; an Error without one when it cannot be asked or its answer cannot be read
   */
  async ask(job: FillJob, page: PageRequest, signal: AbortSignal): Promise<readonly PastTick[]> {
    const kind = HISTORY_KINDS[job.tt]
    const contract = await this.#contractOf(job.cid)
    const waitMs = () => this.#budget.waitMs(job.cid, kind, this.#clock.steadyUs())
    for (let ms = waitMs(); ms > 0; ms = waitMs()) await this.#clock.pause(ms, signal)
    const session = this.#sessionNow()
    this.#budget.asked(job.cid, kind, this.#clock.steadyUs())
    try {
      const fields = await session.historicalTicks({ contract, kind, page })
      const ticks = decodeHistory(fields, job)
      if (!ticks) throw new Error(`IB's answer of ${fields.length} fields cannot be read`)
      return ticks
    } catch (error) {
      if (Error.isError(error) && historyVerdict(codeIn(error), error.message) === 'no_data') return []
      throw error
    }
  }

  /** With expired ones: IB keeps their ticks for two years. */
  async #contractOf(cid: number): Promise<IbContract> {
    const known = this.#contracts.get(cid)
    if (known) return known
    const [details] = await this.#sessionNow().contractDetails({ conId: cid, includeExpired: true })
    if (!details) throw Object.assign(new Error(`IB knows no contract ${cid}`), { code: 200 })
    const [lastTradeDate = ''] = (details.contract.lastTradeDateOrContractMonth ?? '').split(' ')
    const contract = { ...details.contract, lastTradeDateOrContractMonth: lastTradeDate, includeExpired: true }
    this.#contracts.set(cid, contract)
    return contract
  }

  #sessionNow(): HistorySession {
    const session = this.#session()
    if (!session) throw new Error('the gateway is away')
    return session
  }
}
