import { HOURS_KINDS } from '@ib-stream/calendar'
import { z } from 'zod'
import { CLOCKS } from './event-clock.ts'
import { AGGRESSOR_RULES } from './market/aggressor.ts'

/** Parameters come as JSON or as text of a URL or command line: `"60"` is 60, anything else that is no number stays and is refused. */
const fromText = (value: unknown): unknown => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value)

const number = (rule: z.ZodNumber) => z.preprocess(fromText, rule)

/** A week: longer windows are sessions or bars. */
const MOST_SECONDS = 7 * 86_400

const seconds = (least: number, fallback: number, text: string) =>
  number(z.number().min(least).max(MOST_SECONDS)).default(fallback).meta({ description: text, unit: 's' })

/** `Last`, `AllLast` and `alllast` are how the older system and IB write them. */
const tickType = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  const plain = value.replace(/_/g, '').toLowerCase()
  return plain === 'last' ? 'last' : plain === 'alllast' ? 'all_last' : value
}

/** The parameters that several studies share, so that a name means one thing. */
export const PARAMETERS = {
  trades: z
    .preprocess(tickType, z.enum(['last', 'all_last']))
    .default('last')
    .meta({ description: 'which trades count; both would count each trade twice' }),
  session: z
    .enum([...HOURS_KINDS, 'none'])
    .optional()
    .meta({ description: 'reset at the start of each session of these hours; default: full where the hours are known, else none' }),
  clock: z.enum(CLOCKS).default('ts').meta({ description: "a tick's time: IB's stamp or ours at the socket" }),
  everySeconds: (fallback: number) =>
    seconds(0, fallback, 'least event time between two outputs; 0: one for each tick that changes the state'),
  windowSeconds: (fallback: number) =>
    seconds(0, fallback, 'length of the sliding window in event time; 0: since the start of the session'),
  seconds,
  stdDev: (fallback: number) =>
    number(z.number().positive().max(100)).default(fallback).meta({ description: 'half width of the bands', unit: 'standard deviations' }),
  minTrades: (least: number, fallback: number) =>
    number(z.number().int().min(least).max(1_000_000))
      .default(fallback)
      .meta({ description: 'trades needed before there are bands', unit: 'trades' }),
  rule: z.enum(AGGRESSOR_RULES).default('quote').meta({ description: 'how the aggressor is found' }),
  neutralZone: number(z.number().min(0).max(50))
    .default(0)
    .meta({ description: 'how far inside bid and ask a trade still counts as on them', unit: '% of the spread' }),
  number,
}
