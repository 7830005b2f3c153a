import { type ContractName, parseContractName } from '@ib-stream/model'
import { type Parameter, type Read, readBy } from '../api/parameter.ts'

/** Names are looked up, kept and logged, so nothing else passes than what a name may have. */
const FORM = /^[A-Za-z0-9"][\w ."&-]{0,63}$/

export const CONTRACT_FORMS =
  'IB contract id, a whole number from 1 to 2147483647, or a name: a symbol (AAPL), the front of a series (MNQ.front), or TYPE SYMBOL [EXCHANGE] [EXPIRY] [STRIKE C|P] [CURRENCY]'

function readContract(text: string): Read<ContractName> {
  if (!FORM.test(text)) return { problem: 'is neither a contract id nor a name' }
  const name = parseContractName(text)
  return 'problem' in name ? { problem: `is no contract: ${name.problem}` } : { value: name }
}

/** Errors of a route with a contract in its path. */
export const CONTRACT_ERRORS = ['IBS_QUERY_CONTRACT_UNKNOWN', 'IBS_QUERY_CONTRACT_AMBIGUOUS', 'IBS_QUERY_CONTRACT_UNAVAILABLE'] as const

/** The path parameter `cid`. */
export const CONTRACT: Parameter<ContractName> = readBy(readContract, { allowed: CONTRACT_FORMS, doc: 'Contract: its IB id, or its name.' })

const MOST_CONTRACTS = 100

/** Several contracts, separated by commas. */
export const CONTRACTS: Parameter<readonly ContractName[]> = readBy(
  (text) => {
    const names = new Map<string, ContractName>()
    for (const part of text.split(',')) {
      const { value, problem } = readContract(part.trim())
      if (problem !== undefined) return { problem: `has "${part}", which ${problem}` }
      names.set(value.text, value)
    }
    return names.size <= MOST_CONTRACTS ? { value: [...names.values()] } : { problem: `names more than ${MOST_CONTRACTS} contracts` }
  },
  { allowed: `up to ${MOST_CONTRACTS} contracts, separated by commas; each ${CONTRACT_FORMS}`, doc: 'Contracts: IB ids or names.' },
)
