import { decodeTickJson } from '../codec/json.ts'
import { StorageError } from '../errors.ts'
import { type Turned, type TurnOptions, V3 } from './turned.ts'
import { isV2, turnV2Json } from './v2-json.ts'

/** The tick of one line, in whichever JSON form it is. */
export function turnLine(line: string, options: TurnOptions): Turned {
  if (line.startsWith('{"ts":')) return turnV3Line(line)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = parseWithoutNaN(line)
    if (value === undefined) return { fault: `no JSON: ${shown(line)}`, broken: true }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: `no JSON object: ${shown(line)}` }
  const fields = value as Record<string, unknown>
  if (isV2(fields)) return turnV2Json(fields, options)
  if ('kind' in fields && 'st' in fields) return { other: `event of kind ${String(fields.kind).slice(0, 40)}` }
  return turnV3Line(line)
}

function turnV3Line(line: string): Turned {
  try {
    return { tick: decodeTickJson(line), form: V3 }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    const { field, value, rule } = error.facts
    if (field === '-') return { fault: `no JSON: ${shown(line)}`, broken: true }
    return { fault: `field ${field} is ${JSON.stringify(value)?.slice(0, 200)}; the rule is: ${rule}` }
  }
}

/** Python writes NaN and Infinity, which JSON has not: they mean that there is no value. */
function parseWithoutNaN(line: string): unknown {
  if (!/NaN|Infinity/.test(line)) return undefined
  try {
    return JSON.parse(line.replace(/:\s*(?:NaN|-?Infinity)(?=\s*[,}\]])/g, ':null'))
  } catch {
    return undefined
  }
}

const shown = (line: string): string => JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line)

/** Where a record may begin inside a broken line: a crash left half a line, and the next record was written behind it. */
export function recordInside(line: string): number {
  return Math.max(line.lastIndexOf('{"ts":'), line.lastIndexOf('{"type":"tick"'), line.lastIndexOf('{"type": "tick"'))
}
