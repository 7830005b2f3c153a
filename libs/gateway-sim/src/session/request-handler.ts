import type { SimContract } from '../contract/contract.ts'
import type { Refusal } from '../limit/tick-lines.ts'
import type { ContractQuery } from '../wire/request.ts'
import type { ClientSession } from './client-session.ts'

/** Answers one request; `fields[0]` is its message id. One that takes time gives a promise, and may be answered after later requests. */
export type RequestHandler = (session: ClientSession, fields: readonly string[]) => void | Promise<void>

/** Error 200 in IB's words. */
export const NO_DEFINITION = 'No security definition has been found for the request'

/** The one contract that a request means, or why there is none. */
export function oneOf(found: readonly SimContract[], { symbol, localSymbol }: ContractQuery): SimContract | Refusal {
  const [contract, ...others] = found
  if (contract === undefined) return { code: 200, text: NO_DEFINITION }
  return others.length === 0
    ? contract
    : { code: 200, text: `The contract description specified for ${symbol || localSymbol} is ambiguous.` }
}
