import { FIELDS, type Field, isTickType, type TickMessage, type TickType } from './tick.ts'
import { EARLIEST_TS_US, US_PER_DAY } from './time.ts'

/** What is wrong with a tick: the field, its value, the rule. `field` is `-` where the whole is no object. */
export interface TickFault {
  field: string
  value: unknown
  rule: string
}

export type TickCheck = { ok: true; tick: TickMessage } | { ok: false; fault: TickFault }

const MAX_INT32 = 2 ** 31 - 1
const MAX_YEAR_2255_US = Number.MAX_SAFE_INTEGER

/**
 * Holds any value to the rules of the format. Never throws. On success the tick has its keys in wire order and carries no optional field
 * that is false or undefined; a key that the format does not know is a fault, for dropping it would alter what was sent.
 */
export function checkTick(value: unknown): TickCheck {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('-', value, 'a tick is one JSON object')
  const input = value as Record<string, unknown>
  const tt = input.tt
  if (!isTickType(tt)) return fault('tt', tt, 'one of bid_ask, last, all_last, mid_point')
  const tick: Record<string, unknown> = {}
  for (const field of FIELDS) {
    const given = input[field.key]
    if (given === undefined || (given === false && field.type === 'bool')) {
      if (!field.optional) return fault(field.key, given, 'required')
      continue
    }
    const rule = broken(field, given, tt)
    if (rule) return fault(field.key, given, rule)
    tick[field.key] = given === 0 && field.type === 'int' ? 0 : given // not −0
  }
  for (const key of Object.keys(input)) if (!KNOWN.has(key)) return fault(key, input[key], 'no such field in v3')
  return checkWhole(tick as unknown as TickMessage)
}

const KNOWN = new Set(FIELDS.map(({ key }) => key))

function broken(field: Field, value: unknown, tt: TickType): string | undefined {
  if (field.in && !field.in.includes(tt)) return `not a field of ${tt}`
  switch (field.type) {
    case 'int': {
      const max = field.key === 'ts' || field.key === 'st' ? MAX_YEAR_2255_US : MAX_INT32
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max ? undefined : `a whole number from 0 to ${max}`
    }
    case 'double':
      return Number.isFinite(value) ? undefined : 'a finite number'
    case 'string':
      return typeof value === 'string' ? undefined : 'a string'
    case 'bool':
      return value === true ? undefined : 'true, false or absent'
  }
}

function checkWhole(tick: TickMessage): TickCheck {
  if (tick.cid === 0) return fault('cid', 0, 'a contract id is above 0')
  if (tick.ts < EARLIEST_TS_US) return fault('ts', tick.ts, 'not before 1990')
  if (tick.ts > tick.st + US_PER_DAY) return fault('ts', tick.ts, 'not more than a day ahead of st')
  switch (tick.tt) {
    case 'bid_ask':
      return tick.bp === undefined && tick.ap === undefined ? fault('bp', undefined, 'a bid_ask has a bid or an ask') : { ok: true, tick }
    case 'mid_point':
      return tick.mp === undefined ? fault('mp', undefined, 'a mid_point has its mid point') : { ok: true, tick }
    default:
      return tick.p === undefined ? fault('p', undefined, 'a trade has its price') : { ok: true, tick }
  }
}

function fault(field: string, value: unknown, rule: string): TickCheck {
  return { ok: false, fault: { field, value, rule } }
}
