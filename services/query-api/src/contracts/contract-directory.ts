import { type Bus, type KeyValue, lookUpContracts, openTracked, resolveContract } from '@ib-stream/bus'
import { type ContractCalendar, calendarOf } from '@ib-stream/calendar'
import {
  type Contract,
  type ContractAnswer,
  type ContractName,
  type ContractQuery,
  type TrackedContract,
  trackedCid,
  US_PER_SECOND,
} from '@ib-stream/model'
import { QueryError } from '../errors.ts'
import { contractAnswerSchema } from './contract-schema.ts'

/** What the API knows of contracts; ingest, which alone talks to IB, is asked. */
export interface ContractDirectory {
  /**
   * Looks contracts up.
   * @throws QueryError `IBS_QUERY_CONTRACT_UNKNOWN`, `IBS_QUERY_CONTRACT_UNAVAILABLE`, `IBS_QUERY_PARAMETER_INVALID`
   */
  lookUp(query: ContractQuery): Promise<Found>
  /**
   * The contract id of what a user named. A number is taken as it is, and the symbol of a contract that is tracked by its id for that one; IB is not asked then.
   * @throws QueryError those of `lookUp`, and `IBS_QUERY_CONTRACT_AMBIGUOUS`
   */
  cidOf(name: ContractName): Promise<number>
  /** @throws QueryError those of `lookUp` */
  contract(cid: number): Promise<Contract>
  /** The hours of a contract. @throws QueryError those of `lookUp` */
  calendar(cid: number): Promise<ContractCalendar>
}

export type Found = Extract<ContractAnswer, { ok: true }>

export interface DirectoryOptions {
  /** Undefined while the bus is away. */
  bus(): Bus | undefined
  nowUs(): number
}

const FRESH_US = 600 * US_PER_SECOND
/** A front contract moves on, and what is tracked changes. */
const NAME_FRESH_US = 30 * US_PER_SECOND
const MOST_KEPT = 1_000

export function openContractDirectory(options: DirectoryOptions): ContractDirectory {
  return new AskingDirectory(options)
}

class AskingDirectory implements ContractDirectory {
  readonly #options: DirectoryOptions
  /** Answers by question, the oldest first. */
  readonly #kept = new Map<string, { untilUs: number; answer: Promise<unknown> }>()
  #tracked: KeyValue<TrackedContract> | undefined

  constructor(options: DirectoryOptions) {
    this.#options = options
  }

  lookUp(query: ContractQuery): Promise<Found> {
    const ask = async () => found(await lookUpContracts(this.#bus(), query), query.symbol ?? String(query.cid))
    return this.#once(`lookup ${JSON.stringify(query)}`, FRESH_US, ask)
  }

  async cidOf(name: ContractName): Promise<number> {
    const { query, text, isFront } = name
    if (query.cid !== undefined) return query.cid
    const isPlainSymbol = !isFront && Object.keys(query).length === 1
    return this.#once(`name ${text}`, NAME_FRESH_US, async () => {
      const tracked = isPlainSymbol ? await this.#trackedAs(query.symbol ?? '') : undefined
      if (tracked !== undefined) return tracked
      const [contract] = found(await resolveContract(this.#bus(), text), text).contracts
      if (contract) return contract.cid
      throw contractUnknown(text)
    })
  }

  async contract(cid: number): Promise<Contract> {
    const { contracts } = await this.lookUp({ cid })
    const contract = contracts.find((one) => one.cid === cid)
    if (!contract) throw contractUnknown(String(cid))
    return contract
  }

  async calendar(cid: number): Promise<ContractCalendar> {
    return calendarOf(await this.contract(cid))
  }

  /** The one contract that is tracked by its id under this symbol. */
  async #trackedAs(symbol: string): Promise<number | undefined> {
    const bus = this.#bus()
    let all: readonly TrackedContract[]
    try {
      this.#tracked ??= await openTracked(bus)
      all = [...(await this.#tracked.all()).values()]
    } catch (cause) {
      throw unavailable('the list of what is tracked cannot be read', cause)
    }
    const cids = all.filter((contract) => contract.symbol.toUpperCase() === symbol).flatMap((contract) => trackedCid(contract) ?? [])
    return cids.length === 1 ? cids[0] : undefined
  }

  #bus(): Bus {
    const bus = this.#options.bus()
    if (bus?.state !== 'connected') throw unavailable('query-api is not connected to NATS')
    return bus
  }

  /** The same question at once, or soon again, is asked once; a failure is not kept. */
  #once<Answer>(key: string, freshUs: number, ask: () => Promise<Answer>): Promise<Answer> {
    const nowUs = this.#options.nowUs()
    const kept = this.#kept.get(key)
    if (kept && nowUs < kept.untilUs) return kept.answer as Promise<Answer>
    const answer = ask()
    this.#kept.delete(key)
    this.#kept.set(key, { untilUs: nowUs + freshUs, answer })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
    answer.catch(() => {
      if (this.#kept.get(key)?.answer === answer) this.#kept.delete(key)
    })
    return answer
  }
}

/** What came over the bus, where it is good. */
function found(given: ContractAnswer, text: string): Found {
  const answer = contractAnswerSchema.parse(given)
  if (answer.ok) return answer
  const { code, message, field = 'cid' } = answer
  switch (code) {
    case 'IBS_INGEST_NO_CONTRACT':
      throw contractUnknown(text)
    case 'IBS_INGEST_NAME_AMBIGUOUS':
      throw new QueryError('IBS_QUERY_CONTRACT_AMBIGUOUS', message, { field, value: text, allowed: message })
    case 'IBS_INGEST_QUERY_INVALID':
      throw new QueryError('IBS_QUERY_PARAMETER_INVALID', message, { field, value: text, allowed: message })
    default:
      throw unavailable(message)
  }
}

function contractUnknown(text: string): QueryError {
  return new QueryError('IBS_QUERY_CONTRACT_UNKNOWN', `IB knows no contract "${text}"; check the symbol, or give the contract id`, {
    field: 'cid',
    value: text,
  })
}

function unavailable(why: string, cause?: unknown): QueryError {
  return new QueryError(
    'IBS_QUERY_CONTRACT_UNAVAILABLE',
    `${why}; give the contract id and times of their own, or try again`,
    {},
    { cause },
  )
}
