import type { KeyValue } from '@ib-stream/bus'
import { keepTelling } from '@ib-stream/calendar'
import { type Contract, type ContractAnswer, type ContractQuery, US_PER_SECOND } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import type { ContractDetails, Contract as IbContract } from '@stoqey/ib'
import type { IngestErrorCode } from '../errors.ts'
import { queryKey, requestsOf } from './contract-query.ts'
import { contractOf } from './contract-record.ts'

/** How long an answer of IB counts as fresh. */
const FRESH_US = 24 * 3_600 * US_PER_SECOND
const NO_SUCH_CONTRACT = 200

/** What of a session the book needs. */
export interface DetailsSession {
  /** @throws what the gateway says, with IB's `code` where there is one */
  contractDetails(request: IbContract): Promise<ContractDetails[]>
}

export interface KeptContracts {
  askedUs: number
  contracts: Contract[]
}

/**
 * Everything that IB said about contracts, kept for 24 hours and given, with its age, when IB is away for longer. Each look-up has requests of its own, so two
 * never mix; the same one asked twice at once is asked once.
 */
export class ContractBook {
  readonly #kept: () => Promise<KeyValue<KeptContracts>>
  readonly #clock: Clock
  readonly #session: () => DetailsSession | undefined
  readonly #underWay = new Map<string, Promise<ContractAnswer>>()

  /** @param kept where answers are kept; asked for at each look-up, so that a bus that is away at first does not matter */
  constructor(kept: () => Promise<KeyValue<KeptContracts>>, clock: Clock, session: () => DetailsSession | undefined) {
    this.#kept = kept
    this.#clock = clock
    this.#session = session
  }

  /** Never throws: what went wrong is in the answer, with what to do. */
  lookUp(query: ContractQuery): Promise<ContractAnswer> {
    const key = queryKey(query)
    const running = this.#underWay.get(key)
    if (running) return running
    const answer = this.#answer(query, key).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, answer)
    return answer
  }

  async #answer(query: ContractQuery, key: string): Promise<ContractAnswer> {
    const kept = await this.#find(key)
    const nowUs = this.#clock.nowUs()
    if (kept && nowUs - kept.askedUs < FRESH_US) return cached(kept, nowUs)
    const session = this.#session()
    if (!session) {
      if (kept) return cached(kept, nowUs)
      return refused('IBS_INGEST_GATEWAY_AWAY', 'the gateway is away and nothing is kept of this contract; ask again when it is back')
    }
    try {
      const asked = await this.#ask(session, query)
      if (asked.length === 0)
        return refused('IBS_INGEST_NO_CONTRACT', `IB knows no contract ${describe(query)}; check symbol, type, exchange and currency`)
      const contracts = asked.length > MOST_KEPT_BY_ID ? asked : await Promise.all(asked.map((contract) => this.#withPast(contract)))
      await this.#keep(key, { askedUs: nowUs, contracts })
      return { ok: true, contracts, cached: false, ageSeconds: 0 }
    } catch (error) {
      if (kept) return cached(kept, nowUs)
      return refused('IBS_INGEST_LOOKUP_FAILED', `${error instanceof Error ? error.message : String(error)}; ask again`)
    }
  }

  async #ask(session: DetailsSession, query: ContractQuery): Promise<Contract[]> {
    const answers = await Promise.all(requestsOf(query).map((request) => session.contractDetails(request).catch(unknownIsNone)))
    const askedUs = this.#clock.nowUs()
    const found = new Map<number, Contract>()
    for (const details of answers.flat()) {
      const contract = contractOf(details, askedUs)
      if (contract && !found.has(contract.cid)) found.set(contract.cid, contract)
    }
    return [...found.values()]
  }

  /** A bus that is away does not keep IB from being asked. */
  async #find(key: string): Promise<KeptContracts | undefined> {
    try {
      return await (await this.#kept()).get(key)
    } catch {
      return undefined
    }
  }

  /** With the hours that were told at earlier times. */
  async #withPast(contract: Contract): Promise<Contract> {
    const [before] = (await this.#find(queryKey({ cid: contract.cid })))?.contracts ?? []
    if (!before) return contract
    const { timeZoneId, tradingHours, liquidHours, toldBefore = [] } = before
    try {
      return { ...contract, toldBefore: keepTelling(toldBefore, { timeZoneId, tradingHours, liquidHours }) }
    } catch {
      return { ...contract, toldBefore } // hours in no form that IB has tell nothing
    }
  }

  /** Each contract is kept under its id as well. Where the bus is away the answer is there all the same. */
  async #keep(key: string, { askedUs, contracts }: KeptContracts): Promise<void> {
    try {
      const bucket = await this.#kept()
      await bucket.put(key, { askedUs, contracts })
      if (contracts.length > MOST_KEPT_BY_ID) return
      for (const contract of contracts) await bucket.put(queryKey({ cid: contract.cid }), { askedUs, contracts: [contract] })
    } catch {
      return
    }
  }
}

/** An option chain has thousands; whoever wants one of them by its id asks for it. */
const MOST_KEPT_BY_ID = 100

function unknownIsNone(error: unknown): ContractDetails[] {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === NO_SUCH_CONTRACT) return []
  throw error
}

const cached = ({ contracts, askedUs }: KeptContracts, nowUs: number): ContractAnswer => ({
  ok: true,
  contracts,
  cached: true,
  ageSeconds: Math.max(0, Math.round((nowUs - askedUs) / US_PER_SECOND)),
})

const refused = (code: IngestErrorCode, message: string): ContractAnswer => ({ ok: false, code, message })

const describe = (query: ContractQuery): string =>
  Object.entries(query)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ')
