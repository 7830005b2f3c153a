import { FIELDS, TICK_TYPES, type TickMessage, type TickType } from '@ib-stream/model'

/**
 * Ticks as typed columns: row i of every array is one tick. Arrays have exactly `length` elements and belong to the caller. What a tick does not carry is NaN
 * in columns of numbers, undefined in those of text, a clear bit in `fields`.
 */
export interface TickColumns {
  readonly length: number
  /** IB's and our stamp, µs UTC. */
  readonly ts: Float64Array
  readonly st: Float64Array
  readonly cid: Int32Array
  /** Place of the tick type in `TICK_TYPES`. */
  readonly tt: Uint8Array
  readonly rid: Int32Array
  /** Price and size of a trade. */
  readonly p: Float64Array
  readonly s: Float64Array
  /** Bid price and size, ask price and size. */
  readonly bp: Float64Array
  readonly bs: Float64Array
  readonly ap: Float64Array
  readonly as: Float64Array
  /** Mid point. */
  readonly mp: Float64Array
  /** Exchange and special conditions; the lists end with the last tick that has one, so they are empty in a batch of quotes. */
  readonly ex: readonly (string | undefined)[]
  readonly sc: readonly (string | undefined)[]
  /** What each tick carries: the bits of {@link FIELD_BIT}. Flags (`bpl`, `aph`, `upt`, `pl`, `bf`) stand only here. */
  readonly fields: Uint32Array
}

/** A key of the format. */
export type FieldKey = 'ts' | 'st' | 'cid' | 'tt' | 'rid' | NumberKey | TextKey | FlagKey
type NumberKey = 'p' | 's' | 'bp' | 'bs' | 'ap' | 'as' | 'mp'
type TextKey = 'ex' | 'sc'
type FlagKey = 'bpl' | 'aph' | 'upt' | 'pl' | 'bf'

/** The bit of each field in `TickColumns.fields`, in wire order. */
export const FIELD_BIT = Object.fromEntries(FIELDS.map(({ key }, place) => [key, 1 << place])) as Record<FieldKey, number>

const NUMBERS: readonly NumberKey[] = ['p', 's', 'bp', 'bs', 'ap', 'as', 'mp']
const FLAGS: readonly FlagKey[] = ['bpl', 'aph', 'upt', 'pl', 'bf']

export const TT_RANK = Object.fromEntries(TICK_TYPES.map((tt, rank) => [tt, rank])) as Record<TickType, number>

/** Bytes of one row in all typed arrays. */
const DOUBLES = 9
const ROW_BYTES = DOUBLES * 8 + 3 * 4 + 1

/** Columns being filled, with room for `capacity` ticks; a row counts once `length` is above it. */
export class ColumnBuffer implements TickColumns {
  length = 0
  readonly capacity: number
  readonly ts: Float64Array
  readonly st: Float64Array
  readonly p: Float64Array
  readonly s: Float64Array
  readonly bp: Float64Array
  readonly bs: Float64Array
  readonly ap: Float64Array
  readonly as: Float64Array
  readonly mp: Float64Array
  readonly cid: Int32Array
  readonly rid: Int32Array
  readonly fields: Uint32Array
  readonly tt: Uint8Array
  readonly ex: (string | undefined)[] = []
  readonly sc: (string | undefined)[] = []
  /** All that a tick may lack. */
  readonly #numbers: Float64Array

  constructor(capacity: number) {
    this.capacity = capacity
    const memory = new ArrayBuffer(capacity * ROW_BYTES) // one, because each allocation outside the heap costs a microsecond
    const double = (n: number) => new Float64Array(memory, n * 8 * capacity, capacity)
    this.ts = double(0)
    this.st = double(1)
    this.p = double(2)
    this.s = double(3)
    this.bp = double(4)
    this.bs = double(5)
    this.ap = double(6)
    this.as = double(7)
    this.mp = double(8)
    this.#numbers = new Float64Array(memory, 2 * 8 * capacity, 7 * capacity).fill(Number.NaN)
    const ints = DOUBLES * 8 * capacity
    this.cid = new Int32Array(memory, ints, capacity)
    this.rid = new Int32Array(memory, ints + 4 * capacity, capacity)
    this.fields = new Uint32Array(memory, ints + 8 * capacity, capacity)
    this.tt = new Uint8Array(memory, ints + 12 * capacity, capacity)
  }

  get isFull(): boolean {
    return this.length >= this.capacity
  }

  /** Appends a tick. There must be room. */
  push(tick: TickMessage): void {
    const row = this.length
    const given = tick as unknown as Record<string, unknown>
    let bits = CORE_BITS
    this.ts[row] = tick.ts
    this.st[row] = tick.st
    this.cid[row] = tick.cid
    this.tt[row] = TT_RANK[tick.tt]
    this.rid[row] = tick.rid
    for (const key of NUMBERS) {
      const value = given[key]
      this[key][row] = value === undefined ? Number.NaN : (value as number)
      if (value !== undefined) bits |= FIELD_BIT[key]
    }
    for (const key of ['ex', 'sc'] as const) {
      const value = given[key]
      if (value === undefined) continue
      this.putText(key, row, value as string)
      bits |= FIELD_BIT[key]
    }
    for (const key of FLAGS) if (given[key] === true) bits |= FIELD_BIT[key]
    this.fields[row] = bits
    this.length++
  }

  /** Sets a text; the lists are as long as the last row that has one. */
  putText(key: TextKey, row: number, text: string): void {
    const list = this[key]
    while (list.length < row) list.push(undefined)
    list[row] = text
  }

  /** Makes the buffer as new. */
  reset(): this {
    this.length = 0
    this.#numbers.fill(Number.NaN)
    this.ex.length = 0
    this.sc.length = 0
    return this
  }

  /** Takes back the last row. */
  pop(): void {
    this.length--
    this.clearRow(this.length)
  }

  /** Makes a row as it was before anything was written to it, as far as a later tick might leave it standing. */
  clearRow(row: number): void {
    for (const key of NUMBERS) this[key][row] = Number.NaN
    if (this.ex.length > row) this.ex.length = row
    if (this.sc.length > row) this.sc.length = row
  }

  /** Rows [from, to) as columns of their own length, over the same memory: use the buffer no more. */
  rows(from: number, to: number): TickColumns {
    return from === 0 && to === this.capacity ? this : rowsOf(this, from, to)
  }
}

/** Whether columns stay as they are (`kept`), or are good only until the next ones are asked for (`lent`). */
export type ColumnLife = 'kept' | 'lent'

/** Gives an empty buffer each time: a new one, or one and the same, because new memory costs more than what is read into it. */
export function columnMemory(life: ColumnLife, capacity: number): () => ColumnBuffer {
  if (life === 'kept') return () => new ColumnBuffer(capacity)
  let buffer: ColumnBuffer | undefined
  return () => {
    buffer = buffer?.reset() ?? new ColumnBuffer(capacity)
    return buffer
  }
}

/** Rows [from, to) of columns, over the same memory. */
export function rowsOf(columns: TickColumns, from: number, to: number): TickColumns {
  const { ts, st, p, s, bp, bs, ap, as, mp, cid, rid, fields, tt, ex, sc } = columns
  return {
    length: to - from,
    ts: ts.subarray(from, to),
    st: st.subarray(from, to),
    cid: cid.subarray(from, to),
    tt: tt.subarray(from, to),
    rid: rid.subarray(from, to),
    p: p.subarray(from, to),
    s: s.subarray(from, to),
    bp: bp.subarray(from, to),
    bs: bs.subarray(from, to),
    ap: ap.subarray(from, to),
    as: as.subarray(from, to),
    mp: mp.subarray(from, to),
    ex: ex.length === 0 ? ex : ex.slice(from, to),
    sc: sc.length === 0 ? sc : sc.slice(from, to),
    fields: fields.subarray(from, to),
  }
}

export const CORE_BITS = FIELD_BIT.ts | FIELD_BIT.st | FIELD_BIT.cid | FIELD_BIT.tt | FIELD_BIT.rid

/** Ticks as columns. */
export function columnsOf(ticks: readonly TickMessage[]): TickColumns {
  const columns = new ColumnBuffer(ticks.length)
  for (const tick of ticks) columns.push(tick)
  return columns
}
