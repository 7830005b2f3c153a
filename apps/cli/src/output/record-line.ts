import type { TimeZone } from '@ib-stream/calendar'
import type { Output } from './output.ts'
import { localText } from './units-text.ts'

/** What stands in front, or for every record. */
const LEFT_OUT = new Set(['study', 'cid', 'ts'])

/** Any record of a study as a line for people: its time, then names and values; those of an object within it are `outer.inner`. */
export function recordLine(out: Output, record: Readonly<Record<string, unknown>>, zone: TimeZone): string {
  const fields = fieldsOf(record, '').filter(([name]) => !LEFT_OUT.has(name))
  const words = fields.map(([name, value]) => `${out.paint('dim', name)} ${textOf(value)}`)
  return `${localText(Number(record.ts), zone)}  ${words.join('  ')}`
}

function fieldsOf(record: object, prefix: string): [string, unknown][] {
  return Object.entries(record).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? fieldsOf(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  )
}

function textOf(value: unknown): string {
  if (value === null) return '–'
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(8)))
  if (Array.isArray(value)) return value.length > MOST_LISTED ? `(${value.length})` : JSON.stringify(value)
  return String(value)
}

/** A volume profile has hundreds of levels: --json gives them. */
const MOST_LISTED = 4
