import { hash31, type TrackedContract, trackedCid } from '@ib-stream/model'
import type { NameBook } from '../contracts/name-book.ts'
import type { Leases } from './leases.ts'
import type { DesiredStream } from './line-plan.ts'

export interface DesiresOptions {
  names: Pick<NameBook, 'want' | 'contractsOf'>
  leases: Pick<Leases, 'streams'>
  /** What counts as tracked until the list is there: what an earlier run recorded. */
  before: readonly DesiredStream[]
  /** Told the streams that are wanted, the most important first, whenever they are others than before. */
  onChange: (streams: readonly DesiredStream[]) => void
}

/**
 * What is to be recorded: tracked contracts in the order of their list, then what stands beside a front contract around its roll, then leases, the longest-standing
 * first. A stream that several want is one.
 */
export class Desires {
  readonly #options: DesiresOptions
  #tracked: readonly TrackedContract[] | undefined
  #presumed: readonly TrackedContract[] = []
  #told: string | undefined

  constructor(options: DesiresOptions) {
    this.#options = options
  }

  /** While the list cannot be read: these beside what an earlier run recorded, of which only the list can say that it is no longer tracked. */
  presume(contracts: readonly TrackedContract[]): void {
    this.#presumed = contracts
    this.#options.names.want(contracts.map(({ name }) => name))
    this.apply()
  }

  track(contracts: readonly TrackedContract[]): void {
    this.#tracked = contracts
    this.#options.names.want(contracts.map(({ name }) => name))
    this.apply()
  }

  /** Something has changed. */
  apply(): void {
    const { leases, before, onChange } = this.#options
    const streams = new Map<number, DesiredStream>()
    const listed = this.#tracked ?? this.#presumed
    const named = [...this.#streamsOf(listed, false), ...this.#streamsOf(listed, true)]
    const tracked = this.#tracked ? named : [...before, ...named]
    for (const stream of [...tracked, ...leased(leases)]) if (!streams.has(stream.rid)) streams.set(stream.rid, stream)
    const text = JSON.stringify([...streams.values()])
    if (text === this.#told) return
    this.#told = text
    onChange([...streams.values()])
  }

  #streamsOf(tracked: readonly TrackedContract[], beside: boolean): DesiredStream[] {
    const { names } = this.#options
    return tracked.flatMap((contract) =>
      names
        .contractsOf(contract.name)
        .filter(({ isBeside }) => isBeside === beside)
        .flatMap(({ cid, label }) => {
          const symbol = trackedCid(contract) === undefined ? label : contract.symbol
          return contract.tickTypes.map((tt) => ({ cid, tt, rid: hash31(cid, tt), symbol, tracked: true }))
        }),
    )
  }
}

const leased = (leases: Pick<Leases, 'streams'>): DesiredStream[] =>
  leases.streams.map(({ cid, tt }) => ({ cid, tt, rid: hash31(cid, tt), symbol: String(cid), tracked: false }))
