import type { TickType } from '@ib-stream/model'
import type { FieldKey } from '../codec/columns.ts'

/** `time`: TIMESTAMP in µs, UTC; `number`: DECIMAL where that is exact, else DOUBLE; `flag`: BOOLEAN, false where the tick does not carry it. */
export type ColumnKind = 'time' | 'int' | 'price' | 'size' | 'text' | 'flag'

/** A column of a sealed file: its plain name, and the field of the format that it holds. */
export interface Column {
  name: string
  key: Exclude<FieldKey, 'cid' | 'tt'>
  kind: ColumnKind
  /** A tick may lack it; NULL then. */
  optional: boolean
}

const column = (name: string, key: Column['key'], kind: ColumnKind, optional = false): Column => ({ name, key, kind, optional })

const FIRST = [column('time', 'ts', 'time'), column('received', 'st', 'time')]
const LAST = [column('backfilled', 'bf', 'flag'), column('request_id', 'rid', 'int')]

const QUOTE = [
  ...FIRST,
  column('bid_price', 'bp', 'price', true),
  column('bid_size', 'bs', 'size', true),
  column('ask_price', 'ap', 'price', true),
  column('ask_size', 'as', 'size', true),
  column('bid_past_low', 'bpl', 'flag'),
  column('ask_past_high', 'aph', 'flag'),
  ...LAST,
]
const TRADE = [
  ...FIRST,
  column('price', 'p', 'price'),
  column('size', 's', 'size', true),
  column('exchange', 'ex', 'text', true),
  column('conditions', 'sc', 'text', true),
  column('unreported', 'upt', 'flag'),
  column('past_limit', 'pl', 'flag'),
  ...LAST,
]
const MID_POINT = [...FIRST, column('mid_point', 'mp', 'price'), ...LAST]

/**
 * The columns of each tick type, in their order. Contract, tick type and day are not among them: they stand in the path (`cid=…/tt=…/date=…`), from which every engine
 * that reads partitioned folders makes columns; a column of the same name in the file would be refused by some.
 */
export const COLUMNS: Record<TickType, readonly Column[]> = { bid_ask: QUOTE, last: TRADE, all_last: TRADE, mid_point: MID_POINT }

/** Places behind the point that a DECIMAL of 18 digits has; undefined: DOUBLE. One for the prices of a file and one for its sizes. */
export interface Scales {
  price: number | undefined
  size: number | undefined
}

/** Digits of every DECIMAL: as many as an INT64 holds, so that files of one contract differ in scale alone, if at all. */
export const DECIMAL_DIGITS = 18
