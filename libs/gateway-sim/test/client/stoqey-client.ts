import { type Contract, type ContractDetails, EventName, IBApi, type TickByTickDataType } from '@stoqey/ib'
import { Watch } from './until.ts'

/** The independent judge: @stoqey/ib with a memory of all that it emitted. */
export class StoqeyClient implements AsyncDisposable {
  readonly ib: IBApi
  /** Frames 99, field by field, in the order of their arrival. */
  readonly tickFrames: string[][] = []
  readonly #heard = new Map<string, (readonly unknown[])[]>()
  readonly #watch = new Watch()

  constructor(port: number, clientId = 1) {
    this.ib = new IBApi({ host: '127.0.0.1', port, clientId, maxReqPerSec: 1000 })
    this.ib.on(EventName.received, (tokens: string[]) => {
      if (tokens[0] === '99') this.tickFrames.push(tokens)
    })
    this.ib.on(EventName.all, (event: string, args: unknown[]) => {
      if (event === EventName.received || event === EventName.sent) return
      const known = this.#heard.get(event)
      if (known === undefined) this.#heard.set(event, [args])
      else known.push(args)
      this.#watch.happened()
    })
  }

  async connect(): Promise<this> {
    this.ib.connect()
    await this.until(() => this.all(EventName.info).length >= 5, 'five farm notices')
    return this
  }

  until(condition: () => boolean, what: string): Promise<void> {
    return this.#watch.until(
      condition,
      () => `${what}; heard ${[...this.#heard].map(([event, all]) => `${event} ×${all.length} ${JSON.stringify(all.at(-1))}`).join(', ')}`,
    )
  }

  /** Arguments of each event of a name. */
  all(event: EventName): readonly (readonly unknown[])[] {
    return this.#heard.get(event) ?? []
  }

  async next(event: EventName): Promise<readonly unknown[]> {
    const before = this.all(event).length
    await this.until(() => this.all(event).length > before, `another ${event}`)
    return this.all(event)[before] ?? []
  }

  async contractDetails(requestId: number, contract: Contract): Promise<ContractDetails[]> {
    this.ib.reqContractDetails(requestId, contract)
    await this.until(() => this.all(EventName.contractDetailsEnd).some(([id]) => id === requestId), 'contractDetailsEnd')
    return this.all(EventName.contractDetails)
      .filter(([id]) => id === requestId)
      .map(([, details]) => details as ContractDetails)
  }

  subscribe(requestId: number, conId: number, kind: TickByTickDataType): void {
    this.ib.reqTickByTickData(requestId, { conId }, kind, 0, false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ib.isConnected) return
    const gone = this.next(EventName.disconnected)
    this.ib.disconnect()
    await gone
  }
}
