import { isTickType, TICK_TYPES, type TickType } from '@ib-stream/model'

/** One contract that ingest records by itself. */
export interface TrackedContract {
  cid: number
  symbol: string
  tickTypes: readonly TickType[]
  /** Reported only; kept from the Python system's form. */
  bufferHours: number
}

const DEFAULT_TICK_TYPES: readonly TickType[] = ['bid_ask', 'last']
const FORM = 'cid:symbol[:tick_type;tick_type[:hours]], several separated by commas'

/**
 * Reads `711280073:MNQ:bid_ask;last:24,265598:AAPL`: the form that the Python system's users have in their environment.
 * @returns the contracts and every problem found, each naming the entry
 */
export function parseTrackedContracts(text: string): { contracts: TrackedContract[]; problems: string[] } {
  const problems: string[] = []
  const contracts: TrackedContract[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const contract = parseEntry(entry, problems)
    if (!contract) continue
    if (contracts.some(({ cid }) => cid === contract.cid)) problems.push(`"${entry}": contract ${contract.cid} is named twice`)
    else contracts.push(contract)
  }
  return { contracts, problems }
}

function parseEntry(entry: string, problems: string[]): TrackedContract | undefined {
  const parts = entry.split(':').map((part) => part.trim())
  const [id = '', symbol = '', types = '', hours = ''] = parts
  const before = problems.length
  if (parts.length < 2 || parts.length > 4) problems.push(`"${entry}": the form is ${FORM}`)
  if (!/^[1-9]\d{0,9}$/.test(id) || Number(id) > 2 ** 31 - 1)
    problems.push(`"${entry}": "${id}" is no contract id (a whole number above 0)`)
  if (symbol === '') problems.push(`"${entry}": the symbol is missing`)
  const tickTypes = types === '' ? DEFAULT_TICK_TYPES : [...new Set(types.split(';').map((type) => type.trim()))]
  for (const type of tickTypes) if (!isTickType(type)) problems.push(`"${entry}": "${type}" is none of ${TICK_TYPES.join(', ')}`)
  if (hours !== '' && !/^[1-9]\d*$/.test(hours)) problems.push(`"${entry}": "${hours}" is no number of hours (1 or more)`)
  if (problems.length > before) return undefined
  return { cid: Number(id), symbol, tickTypes: tickTypes.filter(isTickType), bufferHours: hours === '' ? 1 : Number(hours) }
}
