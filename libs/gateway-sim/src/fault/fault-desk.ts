import { afterSeconds } from '../clock.ts'
import { GatewaySimError } from '../errors.ts'
import type { FaultKind, FaultTarget } from './fault-kind.ts'
import { FAULT_KINDS } from './fault-kinds.ts'
import { ALL, type FaultFields, type FaultValues, parseFields } from './fields.ts'

/** An order for a fault: its name and its settings, as they come from JSON. */
export type FaultOrder = Readonly<Record<string, unknown>> & { readonly fault: string }

/** A fault that was ordered. */
export interface FaultReport {
  readonly id: number
  readonly fault: string
  /** Every setting with its value. */
  readonly settings: Readonly<Record<string, unknown>>
  /** µs of the clock. */
  readonly startedUs: number
  /** False when it was over at once, or was lifted. */
  readonly active: boolean
}

interface Running {
  readonly report: FaultReport
  readonly lift: () => void
  /** Stops waiting for its end. */
  readonly forget: () => void
}

/** Takes orders for faults, and ends each when its time is over or when told to. */
export class FaultDesk {
  readonly #target: FaultTarget
  readonly #running = new Map<number, Running>()
  #nextId = 1

  constructor(target: FaultTarget) {
    this.#target = target
  }

  /** Faults that last, oldest first. */
  get active(): readonly FaultReport[] {
    return [...this.#running.values()].map(({ report }) => report)
  }

  /**
   * Starts a fault at once.
   * @throws GatewaySimError IBS_SIM_FAULT_INVALID as `check`
   */
  order(order: FaultOrder): FaultReport {
    const { kind, values } = this.check(order)
    const { fault } = order
    const lift = kind.start(this.#target, values)
    const report = { id: this.#nextId++, fault, settings: values, startedUs: this.#target.clock.wallUs(), active: lift !== undefined }
    this.#target.house.log('info', 'fault started', { id: report.id, fault, ...values })
    if (lift !== undefined) this.#keep(report, lift, Number(values.seconds ?? 0))
    return report
  }

  /**
   * Reads an order for this gateway.
   * @throws GatewaySimError IBS_SIM_FAULT_INVALID for an unknown name or a wrong setting, with every problem; for an unknown contract; for what a recording has not
   */
  check(order: FaultOrder): CheckedOrder {
    const checked = checkOrder(order)
    const { fault } = order
    const cid = Number(checked.values.cid ?? ALL)
    const invalid = (text: string) => new GatewaySimError('IBS_SIM_FAULT_INVALID', `${fault}: ${text}`, { fault, cid })
    if (checked.kind.ofMarket && this.#target.marketEvents === undefined)
      throw invalid('a recording has neither halts nor bursts of its own; leave out --replay')
    if (cid !== ALL && this.#target.house.catalogue.byConId(cid) === undefined)
      throw invalid(`there is no contract ${cid}; name one that the catalogue has`)
    return checked
  }

  /** Ends a fault before its time. @returns whether it was there */
  lift(id: number): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    this.#running.delete(id)
    running.forget()
    running.lift()
    this.#target.house.log('info', 'fault over', { id, fault: running.report.fault })
    return true
  }

  liftAll(): void {
    for (const id of this.#running.keys()) this.lift(id)
  }

  /** The gateway ends: nothing is lifted any more. */
  close(): void {
    for (const { forget } of this.#running.values()) forget()
    this.#running.clear()
  }

  #keep(report: FaultReport, lift: () => void, seconds: number): void {
    const forget = seconds === 0 ? () => {} : afterSeconds(this.#target.clock, seconds, () => this.lift(report.id))
    this.#running.set(report.id, { report, lift, forget })
  }
}

/** The kind of an order and its settings. */
export interface CheckedOrder {
  readonly kind: FaultKind
  readonly values: FaultValues<FaultFields>
}

/**
 * Finds the kind of an order and reads its settings.
 * @throws GatewaySimError IBS_SIM_FAULT_INVALID for an unknown name or a wrong setting, with every problem
 */
export function checkOrder({ fault, ...given }: FaultOrder): CheckedOrder {
  const kind = FAULT_KINDS.get(fault)
  if (kind === undefined) {
    const known = [...FAULT_KINDS.keys()].join(', ')
    throw new GatewaySimError('IBS_SIM_FAULT_INVALID', `there is no fault "${fault}"; there are ${known}`, { fault })
  }
  const parsed = parseFields(kind.fields, given)
  if ('values' in parsed) return { kind, values: parsed.values }
  const { problems } = parsed
  throw new GatewaySimError('IBS_SIM_FAULT_INVALID', `${fault}: ${problems.join('; ')}. Correct the order`, { fault, problems })
}
