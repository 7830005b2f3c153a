import type { Contract, Tick, TickType } from '@ib-stream/client'
import { listContracts, track, untrack } from './contracts.ts'
import { ContractsTable, type Listed } from './contracts-table.ts'
import { byId, write } from './dom.ts'
import { client, explained, repeating } from './session.ts'

const LIST_EVERY_MS = 5_000
const WATCH_AGAIN_MS = 2_000

export interface WatchListEvents {
  onChoose(cid: number): void
  /** After each look at what is recorded; undefined: nothing is, or it cannot be told. */
  onListed(first: number | undefined): void
}

/** The list of contracts: it is kept as the recorder has it, and hears each of them live. */
export class WatchList {
  readonly table: ContractsTable
  readonly #events: WatchListEvents
  #watching = new AbortController()

  constructor(events: WatchListEvents) {
    this.#events = events
    this.table = new ContractsTable({ onChoose: (cid) => events.onChoose(cid), onRemove: (contract) => void this.#remove(contract) })
    repeating(() => this.refresh(), LIST_EVERY_MS)
  }

  /** Quotes and trades, as far as they are recorded. */
  drawnTypes(cid: number): TickType[] {
    return (['bid_ask', 'last'] as const).filter((type) => this.table.contractOf(cid)?.tickTypes.includes(type))
  }

  /** Takes up what is recorded now. */
  async refresh(): Promise<void> {
    try {
      const contracts = await listContracts()
      const before = this.table.cids.join()
      this.table.list(contracts)
      if (this.table.cids.join() !== before) this.#watchAll()
      this.#events.onListed(contracts[0]?.cid)
    } catch (error) {
      const why = explained(error)
      this.#events.onListed(undefined)
      if (this.table.cids.length === 0) say(why) // what is listed stays: the line in the head says that the server is away
    }
  }

  /** Has a contract recorded, and lists it. */
  async add(contract: Contract): Promise<void> {
    try {
      await track(contract)
      await this.refresh()
      this.#events.onChoose(contract.cid)
    } catch (error) {
      say(explained(error))
    }
  }

  async #remove({ symbol, tracked }: Listed): Promise<void> {
    if (tracked === undefined || !confirm(`Record ${symbol} no longer? What was recorded stays.`)) return
    try {
      await untrack(tracked)
      await this.refresh()
    } catch (error) {
      say(explained(error))
    }
  }

  /** Over a connection for each set of tick types. */
  #watchAll(): void {
    this.#watching.abort(new DOMException('another list', 'AbortError'))
    this.#watching = new AbortController()
    const { signal } = this.#watching
    const { table } = this
    if (table.cids.length === 0) return
    void client.snapshot({ contracts: table.cids }).then(
      ({ contracts: known }) => {
        for (const { contract_id: cid, ticks } of known) for (const tick of Object.values(ticks)) table.bookOf(cid)?.take(tick)
      },
      () => undefined, // the next look at the list says why
    )
    const onTick = (tick: Tick) => table.bookOf(tick.cid)?.hear(tick)
    for (const [types, contracts] of Map.groupBy(table.cids, (cid) => this.drawnTypes(cid).join())) {
      const follow = () => client.watch({ contracts, tickTypes: types.split(',') as TickType[], signal, onTick })
      // what is wrong is said by the line in the head
      if (types !== '') repeating(() => follow().catch(() => undefined), WATCH_AGAIN_MS, signal)
    }
  }
}

function say(problem: string | undefined): void {
  write(byId('no-contracts'), problem ?? '')
  byId('no-contracts').hidden = false
}
