import { isoFromUs, TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { z } from 'zod'

/** Long names of the fields, for `expanded=true`; those of the older system where it had one. */
export const LONG_NAMES = {
  ts: 'ib_timestamp',
  st: 'system_timestamp',
  cid: 'contract_id',
  tt: 'tick_type',
  rid: 'request_id',
  p: 'price',
  s: 'size',
  bp: 'bid_price',
  bs: 'bid_size',
  ap: 'ask_price',
  as: 'ask_size',
  mp: 'mid_point',
  ex: 'exchange',
  sc: 'special_conditions',
  bpl: 'bid_past_low',
  aph: 'ask_past_high',
  upt: 'unreported',
  pl: 'past_limit',
  bf: 'backfilled',
} as const

const number = z.number().optional()
const text = z.string().optional()
const flag = z.literal(true).optional()

/** A tick with long names, and both stamps as text besides. */
export const expandedTick = z
  .strictObject({
    ib_timestamp: z.int(),
    ib_timestamp_iso: z.string(),
    system_timestamp: z.int(),
    system_timestamp_iso: z.string(),
    contract_id: z.int(),
    tick_type: z.enum(TICK_TYPES),
    request_id: z.int(),
    price: number,
    size: number,
    bid_price: number,
    bid_size: number,
    ask_price: number,
    ask_size: number,
    mid_point: number,
    exchange: text,
    special_conditions: text,
    bid_past_low: flag,
    ask_past_high: flag,
    unreported: flag,
    past_limit: flag,
    backfilled: flag,
  })
  .meta({ id: 'ExpandedTick', description: 'A tick with long names (expanded=true)' })

/** @returns the tick with long names, keys in the order of the format */
export function expand(tick: TickMessage): Record<string, unknown> {
  const expanded: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(tick)) {
    const name = LONG_NAMES[key as keyof typeof LONG_NAMES]
    expanded[name] = value
    if (key === 'ts' || key === 'st') expanded[`${name}_iso`] = isoFromUs(value as number)
  }
  return expanded
}
