import { parseContractName } from './contract-name.ts'
import { isTickType, type TickType } from './tick.ts'

/** A contract that ingest records by itself. */
export interface TrackedContract {
  /** {@link parseContractName}'s one spelling: an id, a symbol, a front contract or a description. */
  name: string
  /** For people. */
  symbol: string
  tickTypes: readonly TickType[]
  /** Reported only; kept from the Python system's form. */
  bufferHours: number
}

/** The contract's id where it is named by it; what is named otherwise is looked up. */
export const trackedCid = ({ name }: Pick<TrackedContract, 'name'>): number | undefined => (/^\d+$/.test(name) ? Number(name) : undefined)

/** Reads what stands in the bucket `tracked`; undefined for what is no such value. */
export function parseTrackedContract(value: unknown): TrackedContract | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, symbol, tickTypes, bufferHours = 1 } = value as Record<string, unknown>
  const parsed = typeof name === 'string' ? parseContractName(name) : undefined
  if (parsed === undefined || 'problem' in parsed || parsed.text !== name) return undefined
  if (!Array.isArray(tickTypes) || tickTypes.length === 0 || !tickTypes.every(isTickType)) return undefined
  return {
    name,
    symbol: typeof symbol === 'string' && symbol !== '' ? symbol : name,
    tickTypes: [...new Set(tickTypes)],
    bufferHours: typeof bufferHours === 'number' && bufferHours > 0 ? bufferHours : 1,
  }
}
