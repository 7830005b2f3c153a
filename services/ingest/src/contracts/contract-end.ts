import { type Expiry, parseExpiry, timeZone } from '@ib-stream/calendar'
import type { Contract } from '@ib-stream/model'

const DATE = /^\d{8}/

/**
 * When a contract ends. What IB tells in a zone that nobody knows ends with its date in UTC: hours early or late, which costs less than a contract that is not recorded.
 * @returns undefined where IB tells no end, or one that cannot be read
 */
export function endOf({ lastTradeDate, timeZoneId }: Pick<Contract, 'lastTradeDate' | 'timeZoneId'>): Expiry | undefined {
  if (lastTradeDate === undefined) return undefined
  const [date = ''] = DATE.exec(lastTradeDate) ?? []
  return read(lastTradeDate, timeZoneId || 'UTC') ?? read(date, 'UTC')
}

/** The zone, where it is one; else UTC. */
export function zoneOr(timeZoneId: string | undefined): string {
  try {
    return timeZone(timeZoneId || 'UTC').id
  } catch {
    return 'UTC'
  }
}

function read(text: string, timeZoneId: string): Expiry | undefined {
  try {
    return parseExpiry(text, timeZoneId)
  } catch {
    return undefined // its only way to say that it cannot
  }
}
