import { US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'

/** Length of a bar: µs of time, a number of prices, or a volume. */
export interface BarInterval {
  unit: 'time' | 'ticks' | 'volume'
  length: number
}

const UNITS: Readonly<Record<string, [unit: BarInterval['unit'], factor: number]>> = {
  s: ['time', US_PER_SECOND],
  m: ['time', 60 * US_PER_SECOND],
  h: ['time', US_PER_HOUR],
  d: ['time', US_PER_DAY],
  t: ['ticks', 1],
  v: ['volume', 1],
}

const RULE = 'a length with its unit: 30s, 1m, 4h, 1d, 500t (ticks) or 10000v (volume); up to 366 days'
const MOST_US = 366 * US_PER_DAY

/** `1m` → 60,000,000 µs; undefined where it is no interval. Seconds to days and ticks are whole; a volume may have decimals. */
export function parseInterval(text: string): BarInterval | undefined {
  const [, digits = '', letter = ''] = /^(\d{1,15}(?:\.\d{1,9})?)([smhdtv])$/.exec(text.trim()) ?? []
  const [unit, factor] = UNITS[letter] ?? []
  const length = Number(digits) * (factor ?? 1)
  if (!unit || !(length > 0) || (unit !== 'volume' && !Number.isInteger(Number(digits)))) return undefined
  return unit === 'time' && length > MOST_US ? undefined : { unit, length }
}

export const intervalParameter = z
  .string(RULE)
  .refine((text) => parseInterval(text) !== undefined, RULE)
  .transform((text): BarInterval => parseInterval(text) ?? { unit: 'time', length: US_PER_SECOND * 60 })
  .prefault('1m')
  .meta({ description: `length of a bar, default 1m; ${RULE}` })
