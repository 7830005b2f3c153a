import { REQUEST } from './message-id.ts'

/** What a request says about its contract; clients send unset numbers as "", 0 or 0.0, all of them undefined or '' here. */
export interface ContractQuery {
  readonly conId: number | undefined
  readonly symbol: string
  readonly secType: string
  readonly expiry: string
  readonly exchange: string
  readonly primaryExchange: string
  readonly currency: string
  readonly localSymbol: string
  readonly tradingClass: string
  /** Undefined for any strike. */
  readonly strike: number | undefined
  /** `C`, `P` or '' for both. */
  readonly right: string
  readonly multiplier: string
}

export interface TickByTickRequest {
  readonly requestId: number
  readonly contract: ContractQuery
  /** As sent: whether it is a known kind is for the answer to say. */
  readonly kind: string
  /** Ticks of the past that are to come first. */
  readonly numberOfTicks: number
  readonly ignoreSize: boolean
}

export interface ContractDataRequest {
  readonly requestId: number
  readonly contract: ContractQuery
  readonly includeExpired: boolean
  /** Kind of the identifier, `ISIN` or `CUSIP`, and the identifier; both '' when none was given. */
  readonly secIdType: string
  readonly secId: string
}

/** A field that must be a number is none. */
export class FieldError extends Error {}

/** Request 97. It has no version field; the first field is the message id. */
export function parseTickByTick(fields: readonly string[]): TickByTickRequest {
  return {
    requestId: integerAt(fields, 1),
    contract: contractAt(fields, 2),
    kind: fields[14] ?? '',
    numberOfTicks: fields[15] === undefined || fields[15] === '' ? 0 : integerAt(fields, 15),
    ignoreSize: fields[16] === '1',
  }
}

/** Request 9, version 8. */
export function parseContractData(fields: readonly string[]): ContractDataRequest {
  return {
    requestId: integerAt(fields, 2),
    contract: contractAt(fields, 3),
    includeExpired: fields[15] === '1',
    secIdType: fields[16] ?? '',
    secId: fields[17] ?? '',
  }
}

/**
 * An integer that the request cannot do without.
 * @throws FieldError when it is missing or is none
 */
export function integerAt(fields: readonly string[], index: number): number {
  const text = fields[index] ?? ''
  if (!/^-?\d{1,10}$/.test(text))
    throw new FieldError(`field ${index} of request ${requestName(fields[0])} must be an integer, not "${text}"`)
  return Number(text)
}

/** The twelve fields of a contract, from the conId on. */
export function contractAt(fields: readonly string[], first: number): ContractQuery {
  const at = (offset: number) => fields[first + offset] ?? ''
  const conId = Number(at(0))
  const strike = Number(at(4))
  return {
    conId: Number.isInteger(conId) && conId > 0 ? conId : undefined,
    symbol: at(1),
    secType: at(2),
    expiry: at(3),
    // Clients say "no strike" as "", 0 or 0.0, official Python by the largest double.
    strike: strike > 0 && strike < Number.MAX_VALUE ? strike : undefined,
    right: RIGHTS.get(at(5).toUpperCase()) ?? '',
    multiplier: at(6),
    exchange: at(7),
    primaryExchange: at(8),
    currency: at(9),
    localSymbol: at(10),
    tradingClass: at(11),
  }
}

/** How clients write the right of an option; `?` and `0` mean none. */
const RIGHTS: ReadonlyMap<string, string> = new Map([
  ['C', 'C'],
  ['CALL', 'C'],
  ['P', 'P'],
  ['PUT', 'P'],
])

function requestName(id: string | undefined): string {
  return Object.entries(REQUEST).find(([, value]) => String(value) === id)?.[0] ?? String(id)
}
