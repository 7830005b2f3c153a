import { isTickType, parseContractName, TICK_TYPES, type TickType, type TrackedContract } from '@ib-stream/model'

const DEFAULT_TICK_TYPES: readonly TickType[] = ['bid_ask', 'last']
const FORM = 'cid:symbol[:tick_type;tick_type[:hours]] or name[:tick_type;tick_type[:hours]], several separated by commas'

/**
 * Reads `711280073:MNQ:bid_ask;last:24,265598:AAPL`, the form that the Python system's users have in their environment, and `MNQ.front:bid_ask;last:24`.
 * @returns the contracts and every problem found, each naming the entry
 */
export function parseTrackedContracts(text: string): { contracts: TrackedContract[]; problems: string[] } {
  const problems: string[] = []
  const contracts: TrackedContract[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const contract = parseEntry(entry, problems)
    if (!contract) continue
    if (contracts.some(({ name }) => name === contract.name)) problems.push(`"${entry}": contract ${contract.name} is named twice`)
    else contracts.push(contract)
  }
  return { contracts, problems }
}

function parseEntry(entry: string, problems: string[]): TrackedContract | undefined {
  const parts = entry.split(':').map((part) => part.trim())
  const before = problems.length
  const name = parseContractName(parts[0] ?? '')
  if ('problem' in name) problems.push(`"${entry}": ${name.problem}`)
  const isNamed = !/^\d*$/.test(parts[0] ?? '')
  // A name says enough; with a symbol behind it, as an id has one, it is read as well.
  if (isNamed && (parts[1] === undefined || parts[1].split(';').every(isTickType))) parts.splice(1, 0, 'problem' in name ? '-' : name.text)
  const [, symbol = '', types = '', hours = ''] = parts
  if (parts.length < 2 || parts.length > 4) problems.push(`"${entry}": the form is ${FORM}`)
  if (symbol === '') problems.push(`"${entry}": the symbol is missing`)
  const tickTypes = types === '' ? DEFAULT_TICK_TYPES : [...new Set(types.split(';').map((type) => type.trim()))]
  for (const type of tickTypes) if (!isTickType(type)) problems.push(`"${entry}": "${type}" is none of ${TICK_TYPES.join(', ')}`)
  if (hours !== '' && !/^[1-9]\d*$/.test(hours)) problems.push(`"${entry}": "${hours}" is no number of hours (1 or more)`)
  if (problems.length > before || 'problem' in name) return undefined
  return { name: name.text, symbol, tickTypes: tickTypes.filter(isTickType), bufferHours: hours === '' ? 1 : Number(hours) }
}
