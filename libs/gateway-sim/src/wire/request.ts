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
}

export interface TickByTickRequest {
  readonly requestId: number
  readonly contract: ContractQuery
  /** As sent: whether it is a known kind is for the answer to say. */
  readonly kind: string
}

export interface ContractDataRequest {
  readonly requestId: number
  readonly contract: ContractQuery
}

/** A field that must be a number is none. */
export class FieldError extends Error {}

/** Request 97. It has no version field; the first field is the message id. */
export function parseTickByTick(fields: readonly string[]): TickByTickRequest {
  return { requestId: integerAt(fields, 1), contract: contractAt(fields, 2), kind: fields[14] ?? '' }
}

/** Request 9, version 8. */
export function parseContractData(fields: readonly string[]): ContractDataRequest {
  return { requestId: integerAt(fields, 2), contract: contractAt(fields, 3) }
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

function contractAt(fields: readonly string[], first: number): ContractQuery {
  const at = (offset: number) => fields[first + offset] ?? ''
  const conId = Number(at(0))
  return {
    conId: Number.isInteger(conId) && conId > 0 ? conId : undefined,
    symbol: at(1),
    secType: at(2),
    expiry: at(3),
    exchange: at(7),
    primaryExchange: at(8),
    currency: at(9),
    localSymbol: at(10),
    tradingClass: at(11),
  }
}

function requestName(id: string | undefined): string {
  return Object.entries(REQUEST).find(([, value]) => String(value) === id)?.[0] ?? String(id)
}
