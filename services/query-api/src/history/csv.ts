import { FIELDS, isoFromUs, type TickMessage } from '@ib-stream/model'
import { LONG_NAMES } from './expanded.ts'

const KEYS = FIELDS.map(({ key }) => key) as (keyof typeof LONG_NAMES)[]

/** The first line; a column for each field of the format, whatever tick types are asked for. */
export const csvHeader = (expanded: boolean): string =>
  `${expanded ? ['ib_timestamp_iso', 'system_timestamp_iso', ...KEYS.map((key) => LONG_NAMES[key])].join(',') : KEYS.join(',')}\r\n`

/** Lines of RFC 4180. What a tick does not carry is empty. */
export function csvLines(ticks: readonly TickMessage[], expanded: boolean): string {
  let text = ''
  for (const tick of ticks) {
    if (expanded) text += `${isoFromUs(tick.ts)},${isoFromUs(tick.st)},`
    const given = tick as unknown as Record<string, unknown>
    for (let i = 0; i < KEYS.length; i++) {
      const value = given[KEYS[i] as string]
      if (i > 0) text += ','
      if (value !== undefined) text += typeof value === 'string' ? cell(value) : String(value)
    }
    text += '\r\n'
  }
  return text
}

/** Quoted where it must be. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
