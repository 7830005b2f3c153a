import type { ContractQuery } from './contract.ts'

/** Types of contract as IB names them. */
export const SEC_TYPES = ['STK', 'FUT', 'OPT', 'CASH', 'IND', 'CFD', 'BOND', 'FUND', 'CMDTY'] as const

/** What people call a contract: its id, a symbol, the front of a series, or a description. */
export interface ContractName {
  /** The one spelling of it: `265598`, `AAPL`, `MNQ.front`, `FUT MNQ CME 202612`. */
  text: string
  query: ContractQuery
  /** Of the futures that fit, the one that is the front now. */
  isFront: boolean
}

const FORM = 'a contract id, a symbol (AAPL), the front of a series (MNQ.front), or TYPE SYMBOL [EXCHANGE] [EXPIRY] [STRIKE C|P] [CURRENCY]'
const CURRENCIES = new Set(
  'USD EUR GBP JPY CHF CAD AUD NZD HKD SGD CNH CNY SEK NOK DKK MXN KRW INR ZAR ILS HUF CZK PLN TRY TWD BRL SAR AED MYR THB'.split(' '),
)
const MAX_CID = 2 ** 31 - 1
/** `"BRK B"`, `"BRK B".front`, or a word without spaces. */
const WORD = /"([^"]+)"(\.front\b)?|([^\s"]+)/gi

/**
 * Reads the name of a contract, in any case: `265598`, `aapl`, `MNQ.front`, `FUT MNQ CME 202612`, `FUT ES front`, `OPT AAPL 20261218 200 C`, `STK "BRK B"`.
 * @returns what to look for, or what is wrong with it
 */
export function parseContractName(text: string): ContractName | { problem: string } {
  const words = [...text.trim().matchAll(WORD)].map(([, quoted, front, plain]) =>
    `${(quoted ?? plain ?? '').trim()}${front ?? ''}`.toUpperCase(),
  )
  const [first = '', ...rest] = words
  if (first === '') return { problem: `a contract is named by ${FORM}` }
  if (/^\d+$/.test(first)) return fromId(first, rest)
  const isType = (SEC_TYPES as readonly string[]).includes(first) && rest.length > 0
  const symbol = isType ? (rest.shift() ?? '') : first
  const query: ContractQuery = { symbol: symbol.replace(/\.FRONT$/, ''), ...(isType && { secType: first }) }
  let isFront = symbol.endsWith('.FRONT')
  for (const word of rest) {
    if (word === 'FRONT' && !isFront) isFront = true
    else if (!read(word, query)) return { problem: `"${text}": "${word}" cannot be read or says again what is said; write ${FORM}` }
  }
  if (query.symbol === '') return { problem: `"${text}": the symbol is missing; write ${FORM}` }
  if (!isFront) return { text: spell(query), query, isFront }
  if (query.secType !== undefined && query.secType !== 'FUT') return { problem: `"${text}": only futures (FUT) have a front contract` }
  if (query.expiry !== undefined)
    return { problem: `"${text}": a front contract has no expiry of its own; leave ${query.expiry} or front out` }
  const { symbol: series = '', ...others } = query
  const front: ContractQuery = { ...others, symbol: series, secType: 'FUT' }
  return { text: Object.keys(front).length === 2 ? `${quote(series)}.front` : `${spell(front)} front`, query: front, isFront }
}

function fromId(word: string, rest: readonly string[]): ContractName | { problem: string } {
  const cid = Number(word)
  if (rest.length > 0 || cid < 1 || cid > MAX_CID)
    return { problem: `"${[word, ...rest].join(' ')}" is no contract id (a whole number above 0)` }
  return { text: String(cid), query: { cid }, isFront: false }
}

/** Puts one word of a description where it belongs; false where it fits nowhere or stands there already. */
function read(word: string, query: ContractQuery): boolean {
  const [, strike, right] = /^(\d+(?:\.\d+)?)?(C|P|CALL|PUT)?$/.exec(word) ?? []
  const given: ContractQuery = /^\d{6}(\d{2})?$/.test(word)
    ? { expiry: word }
    : strike !== undefined || right !== undefined
      ? {
          ...(strike !== undefined && { strike: Number(strike) }),
          ...(right !== undefined && { right: right.startsWith('C') ? 'C' : 'P' }),
        }
      : CURRENCIES.has(word)
        ? { currency: word }
        : /^[A-Z][A-Z0-9]*$/.test(word)
          ? { exchange: word }
          : {}
  const keys = Object.keys(given)
  if (keys.length === 0 || keys.some((key) => key in query)) return false
  Object.assign(query, given)
  return true
}

function spell({ secType, symbol = '', exchange, expiry, strike, right, currency }: ContractQuery): string {
  return [secType, quote(symbol), exchange, expiry, strike, right, currency].filter((word) => word !== undefined).join(' ')
}

const quote = (symbol: string): string => (symbol.includes(' ') ? `"${symbol}"` : symbol)
