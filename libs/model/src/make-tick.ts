import { ModelError } from './errors.ts'
import { hash31 } from './request-id.ts'
import type { BidAskTick, MidPointTick, TickMessage, TradeTick } from './tick.ts'
import { checkTick, type TickFault } from './validate-tick.ts'

/** The fields of a tick as its maker has them: what is undefined or false is left out, `rid` is computed where it is not given. */
export type TickFields<Tick extends TickMessage> = Widened<Omit<Tick, 'tt' | 'rid'>> & { rid?: number | undefined }

type Widened<T> = {
  [Key in keyof T]: IsOptional<T, Key> extends true ? (true extends T[Key] ? boolean : T[Key]) | undefined : T[Key]
}
type IsOptional<T, Key extends keyof T> = Record<never, never> extends Pick<T, Key> ? true : false

/** A quote. @throws ModelError `IBS_MODEL_TICK_INVALID` (field, value, rule) */
export const bidAskTick = (fields: TickFields<BidAskTick>): BidAskTick => made({ ...fields, tt: 'bid_ask' }) as BidAskTick

/** A trade, `last` or `all_last`. @throws ModelError `IBS_MODEL_TICK_INVALID` (field, value, rule) */
export const tradeTick = (fields: TickFields<TradeTick> & Pick<TradeTick, 'tt'>): TradeTick => made({ ...fields }) as TradeTick

/** A mid point. @throws ModelError `IBS_MODEL_TICK_INVALID` (field, value, rule) */
export const midPointTick = (fields: TickFields<MidPointTick>): MidPointTick => made({ ...fields, tt: 'mid_point' }) as MidPointTick

/** Any value as a tick, keys in wire order. @throws ModelError `IBS_MODEL_TICK_INVALID` (field, value, rule) */
export function parseTick(value: unknown): TickMessage {
  const check = checkTick(value)
  if (check.ok) return check.tick
  throw new ModelError('IBS_MODEL_TICK_INVALID', `${describeFault(check.fault)}; mend the field`, { ...check.fault })
}

function made(fields: TickFields<TickMessage> & Pick<TickMessage, 'tt'>): TickMessage {
  return parseTick({ ...fields, rid: fields.rid ?? hash31(fields.cid, fields.tt) })
}

const LONGEST_VALUE = 200

/** `field rid is 2248241088; the rule is: a whole number …`, for the messages of errors. Long values are cut. */
export function describeFault({ field, value, rule }: TickFault): string {
  return `field ${field} is ${shown(value).slice(0, LONGEST_VALUE)}; the rule is: ${rule}`
}

function shown(value: unknown): string {
  try {
    return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))
  } catch {
    return String(value) // cyclic
  }
}
