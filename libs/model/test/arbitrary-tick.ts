import fc from 'fast-check'
import { EARLIEST_TS_US, TICK_TYPES, type TickMessage, US_PER_DAY } from '../src/index.ts'

const MAX_INT32 = 2 ** 31 - 1

/** Finite doubles as prices and sizes are, and as they should never be. JSON has no −0, so it is left out. */
const double = fc.oneof(
  fc.integer({ min: -1, max: 1_000_000 }).map((cents) => cents / 100 || 0),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
  fc.integer({ min: -100, max: 100_000 }),
)
const text = fc.oneof(
  fc.constantFrom('', 'NASDAQ', 'ARCA', ' T F I'),
  fc.string({ unit: 'grapheme', maxLength: 150 }),
  fc.string({ maxLength: 20 }),
)
const flag = fc.constant(true as const)

const core = fc
  .record({
    ts: fc.integer({ min: EARLIEST_TS_US, max: Number.MAX_SAFE_INTEGER - US_PER_DAY }),
    ahead: fc.integer({ min: -US_PER_DAY, max: US_PER_DAY }),
    cid: fc.integer({ min: 1, max: MAX_INT32 }),
    rid: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_INT32 })),
  })
  .map(({ ts, ahead, cid, rid }) => ({ ts, st: ts + ahead, cid, rid }))

const rest = fc.oneof(
  fc
    .record(
      { tt: fc.constant('bid_ask' as const), bp: double, bs: double, ap: double, as: double, bpl: flag, aph: flag, bf: flag },
      { requiredKeys: ['tt'] },
    )
    .filter(({ bp, ap }) => bp !== undefined || ap !== undefined),
  fc.record(
    { tt: fc.constantFrom('last' as const, 'all_last' as const), p: double, s: double, ex: text, sc: text, upt: flag, pl: flag, bf: flag },
    { requiredKeys: ['tt', 'p'] },
  ),
  fc.record({ tt: fc.constant('mid_point' as const), mp: double, bf: flag }, { requiredKeys: ['tt', 'mp'] }),
)

/** Any valid tick, keys in no particular order. */
export const arbitraryTick: fc.Arbitrary<TickMessage> = fc.tuple(core, rest).map(([a, b]) => ({ ...a, ...b }) as TickMessage)

/** A plausible tick by number, for tests that need many. */
export function tickAt(n: number, about: { ts: number; cid?: number; tt?: TickMessage['tt']; st?: number }): TickMessage {
  const { ts, cid = 8314, tt = TICK_TYPES[0], st = ts + n } = about
  const shared = { ts, st, cid, rid: 0 }
  if (tt === 'bid_ask') return { ...shared, tt, bp: 180 + n / 100, bs: n, ap: 181 + n / 100, as: n + 1 }
  if (tt === 'mid_point') return { ...shared, tt, mp: 180 + n / 100 }
  return { ...shared, tt, p: 180 + n / 100, s: n, ex: 'ARCA' }
}
