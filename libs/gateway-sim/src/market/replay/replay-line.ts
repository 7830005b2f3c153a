import type { Tick } from '../tick.ts'

/** A recorded tick and when it was received. */
export interface RecordedTick {
  readonly tick: Tick
  /** System time at receipt, µs since 1970-01-01 UTC: the pace of the replay. */
  readonly stUs: number
}

/**
 * Reads a v3 line. `rid` and `bf` are ignored: the simulator sends under the ids it is asked with.
 * @throws Error that says what is wrong with the line
 */
export function parseReplayLine(line: string): RecordedTick {
  const parsed: unknown = JSON.parse(line)
  if (!isRecord(parsed)) throw new Error('not an object')
  return { tick: tickOf(parsed), stUs: required(parsed, 'st') }
}

type Line = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Line {
  return typeof value === 'object' && value !== null
}

function tickOf(record: Line): Tick {
  const base = { conId: required(record, 'cid'), tsUs: required(record, 'ts') }
  const kind = record.tt
  switch (kind) {
    case 'bid_ask':
      return {
        kind,
        ...base,
        bid: optional(record, 'bp'),
        bidSize: optional(record, 'bs'),
        ask: optional(record, 'ap'),
        askSize: optional(record, 'as'),
        bidPastLow: record.bpl === true,
        askPastHigh: record.aph === true,
      }
    case 'last':
    case 'all_last':
      return {
        kind,
        ...base,
        price: optional(record, 'p'),
        size: optional(record, 's'),
        pastLimit: record.pl === true,
        unreported: record.upt === true,
        exchange: text(record, 'ex'),
        conditions: text(record, 'sc'),
      }
    case 'mid_point':
      return { kind, ...base, mid: required(record, 'mp') }
    default:
      throw new Error(`tt is ${JSON.stringify(kind)}, not one of bid_ask, last, all_last, mid_point`)
  }
}

function required(record: Line, key: string): number {
  const value = optional(record, key)
  if (value === undefined) throw new Error(`${key} is missing`)
  return value
}

function optional(record: Line, key: string): number | undefined {
  const value = record[key]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`${key} is ${JSON.stringify(value)}, not a number`)
  return value
}

function text(record: Line, key: string): string {
  const value = record[key]
  if (value === undefined) return ''
  // A NUL would end the field on the wire.
  if (typeof value !== 'string' || value.includes('\0')) throw new Error(`${key} is ${JSON.stringify(value)}, not a text without NUL`)
  return value
}
