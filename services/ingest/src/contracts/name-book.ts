import { expiryNotice } from '@ib-stream/calendar'
import { type Contract, type ContractAnswer, type ContractQuery, msFromUs, parseContractName, type RollEvent } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import type { StateFile } from '../state-file.ts'
import { chooseContract, type Meaning, type RollSettings } from './choose-contract.ts'
import { endOf, zoneOr } from './contract-end.ts'

const LOOK_EVERY_MS = 30_000
/** Look-ups are kept for a day; what failed is asked for again sooner. */
const ASK_AGAIN_AFTER_MS = 3_600_000
const RETRY_AFTER_MS = 60_000

/** A contract as the recorder needs it. */
export interface NamedContract {
  cid: number
  /** For people: `MNQ.front (MNQZ6)`. */
  label: string
  /** It only stands beside the one that is meant, around a roll. */
  isBeside: boolean
}

export interface NameBookOptions {
  clock: Clock
  roll: RollSettings
  /** What names meant last, for a start while IB is away, and to know of a roll in the meantime. */
  file: StateFile
  lookUp: (query: ContractQuery) => Promise<ContractAnswer>
  /** What a name means has changed. */
  onChange: () => void
  /** What there is to say of the names is not what it was: see `troubles`. */
  onTrouble: () => void
  onRoll: (roll: Pick<RollEvent, 'name' | 'from' | 'to' | 'lastTradeDate'>) => void
}

interface Entry {
  contracts: readonly NamedContract[]
  /** What IB told under the name. */
  told: readonly Contract[]
  problem: string | undefined
  warning: string | undefined
  /** By the steady clock, whatever is done to the system's. */
  askedMs: number
  isAsking: boolean
}

/**
 * What the names of tracked contracts mean: looked up at IB, held to the present (a front contract moves on), and watched for the end of what is named by its id.
 * Loop: one look each 30 s of the clock.
 */
export class NameBook {
  readonly #options: NameBookOptions
  readonly #entries = new Map<string, Entry>()
  readonly #last: Map<string, NamedContract[]>
  readonly #timer: Timer
  #toldTroubles = '[]'

  constructor(options: NameBookOptions) {
    this.#options = options
    this.#last = new Map(entriesIn(options.file.read()))
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.look())
  }

  /** From now on these names are wanted. */
  want(names: readonly string[]): void {
    for (const name of this.#entries.keys()) if (!names.includes(name)) this.#entries.delete(name)
    for (const name of names) {
      if (this.#entries.has(name)) continue
      const contracts = this.#last.get(name) ?? idOf(name)
      this.#entries.set(name, {
        contracts,
        told: [],
        problem: undefined,
        warning: undefined,
        askedMs: Number.NEGATIVE_INFINITY,
        isAsking: false,
      })
    }
    this.look()
  }

  /** The contracts that a name means, the meant one first; empty while that is not known. */
  contractsOf(name: string): readonly NamedContract[] {
    return this.#entries.get(name)?.contracts ?? []
  }

  /** Names that mean nothing, and contracts that are about to end, in words. */
  get troubles(): readonly { name: string; text: string }[] {
    return [...this.#entries].flatMap(([name, { problem, warning }]) =>
      [problem, warning].flatMap((text) => (text === undefined ? [] : [{ name, text }])),
    )
  }

  /** Looks up what is due, and holds what is known to the present. Called when the gateway is there, too. */
  look(): void {
    for (const [name, entry] of this.#entries) {
      this.#settle(name, entry)
      const waitMs = entry.told.length > 0 ? ASK_AGAIN_AFTER_MS : RETRY_AFTER_MS
      if (!entry.isAsking && this.#steadyMs - entry.askedMs >= waitMs) void this.#ask(name, entry)
    }
    this.#tellTroubles()
  }

  /** What failed is asked for again at once: the gateway is there. */
  retry(): void {
    for (const entry of this.#entries.values()) if (entry.told.length === 0) entry.askedMs = Number.NEGATIVE_INFINITY
    this.look()
  }

  /** The contracts that any name means now, the meant one first, as IB describes them. */
  async resolve(text: string): Promise<ContractAnswer> {
    const name = parseContractName(text)
    if ('problem' in name) return { ok: false, code: 'IBS_INGEST_QUERY_INVALID', field: 'name', message: name.problem }
    const answer = await this.#options.lookUp(name.query)
    if (!answer.ok) return answer
    const meaning = this.#choose(text, answer.contracts)
    if ('problem' in meaning) return { ok: false, code: 'IBS_INGEST_NAME_AMBIGUOUS', message: meaning.problem }
    return { ...answer, contracts: [meaning.contract, ...(meaning.beside ? [meaning.beside] : [])] }
  }

  close(): void {
    this.#timer.cancel()
  }

  get #steadyMs(): number {
    return msFromUs(this.#options.clock.steadyUs())
  }

  async #ask(text: string, entry: Entry): Promise<void> {
    const name = parseContractName(text)
    if ('problem' in name) return
    Object.assign(entry, { isAsking: true, askedMs: this.#steadyMs } satisfies Partial<Entry>)
    const answer = await this.#options.lookUp(name.query)
    entry.isAsking = false
    if (answer.ok) entry.told = answer.contracts
    else if (entry.told.length === 0) entry.problem = answer.message
    if (this.#entries.get(text) === entry) this.#settle(text, entry)
    this.#tellTroubles()
  }

  #tellTroubles(): void {
    const text = JSON.stringify(this.troubles)
    if (text === this.#toldTroubles) return
    this.#toldTroubles = text
    this.#options.onTrouble()
  }

  /** What the name means by what IB told and by the time it is. */
  #settle(text: string, entry: Entry): void {
    if (entry.told.length === 0) return
    const meaning = this.#choose(text, entry.told)
    entry.problem = 'problem' in meaning ? meaning.problem : undefined
    if ('problem' in meaning) return
    entry.warning = this.#endOf(text, meaning.contract)
    const contracts = namedOf(text, meaning)
    if (JSON.stringify(contracts) === JSON.stringify(entry.contracts)) return
    const [before] = this.#last.get(text) ?? []
    entry.contracts = contracts
    this.#last.set(text, contracts)
    this.#options.file.write([...this.#last])
    const { cid, lastTradeDate = '' } = meaning.contract
    if (before && before.cid !== cid) this.#options.onRoll({ name: text, from: before.cid, to: cid, lastTradeDate })
    this.#options.onChange()
  }

  #choose(text: string, contracts: readonly Contract[]): Meaning | { problem: string } {
    const name = parseContractName(text)
    if ('problem' in name) return name
    return chooseContract(name, contracts, { roll: this.#options.roll, nowUs: this.#options.clock.nowUs() })
  }

  /** Words for a contract that is named for good although it ends. */
  #endOf(text: string, contract: Contract): string | undefined {
    const { lastTradeDate, timeZoneId, symbol, localSymbol, secType } = contract
    if (lastTradeDate === undefined || text.endsWith('front')) return undefined
    const { clock, roll } = this.#options
    const expiry = endOf(contract)
    if (!expiry) return `${text} (${localSymbol ?? symbol}) ends, but "${lastTradeDate}", which IB tells of it, is no date: look after it`
    const { level, daysLeft } = expiryNotice(expiry, clock.nowUs(), { warnDays: roll.daysBefore, timeZoneId: zoneOr(timeZoneId) })
    if (level === 'fine') return undefined
    const when = level === 'expired' ? `ended on ${expiry.date}` : `ends on ${expiry.date}, in ${daysLeft} days`
    const advice = secType === 'FUT' ? `track ${symbol}.front, which moves on by itself` : 'name the next one'
    return `${text} (${localSymbol ?? symbol}) ${when}, and nothing comes after it: ${advice}`
  }
}

function namedOf(text: string, { contract, beside }: Meaning): NamedContract[] {
  const label = ({ cid, localSymbol, symbol }: Contract) =>
    text === String(cid) ? (localSymbol ?? symbol) : `${text} (${localSymbol ?? symbol})`
  const named = [{ cid: contract.cid, label: label(contract), isBeside: false }]
  return beside ? [...named, { cid: beside.cid, label: label(beside), isBeside: true }] : named
}

/** What is named by its id needs no look-up to be recorded. */
const idOf = (name: string): NamedContract[] => (/^\d+$/.test(name) ? [{ cid: Number(name), label: name, isBeside: false }] : [])

function entriesIn(value: unknown): [string, NamedContract[]][] {
  if (!Array.isArray(value)) return []
  const isNamed = (one: unknown): one is NamedContract =>
    typeof one === 'object' && one !== null && typeof (one as NamedContract).cid === 'number'
  return value.filter(
    (entry): entry is [string, NamedContract[]] =>
      Array.isArray(entry) && typeof entry[0] === 'string' && Array.isArray(entry[1]) && entry[1].every(isNamed),
  )
}
