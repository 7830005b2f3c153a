import { describe, expect, it } from '@jest/globals'
import { US_PER_DAY } from '../src/time.ts'
import { checkTick } from '../src/validate-tick.ts'

const core = { ts: 1_753_837_634_000_000, st: 1_753_837_634_777_542, cid: 711280073, rid: 1248241088 }
const quote = { ...core, tt: 'bid_ask', bp: 23477.5, bs: 6, ap: 23478, as: 5 }
const trade = { ...core, tt: 'last', p: 23477.5, s: 2 }

describe('checkTick', () => {
  it.each([
    ['a quote', quote],
    ['a quote with one side', { ...core, tt: 'bid_ask', ap: 23478, as: 5 }],
    ['IB’s odd prices −1 and 0 as sent', { ...quote, bp: -1, bs: 0, ap: 0, as: 0 }],
    ['a trade without size', { ...core, tt: 'all_last', p: 1 }],
    ['a halt: 0/0 past limit', { ...trade, p: 0, s: 0, pl: true }],
    ['a mid point', { ...core, tt: 'mid_point', mp: 23477.75 }],
    ['a backfilled tick', { ...trade, bf: true }],
  ])('takes %s', (_, tick) => {
    expect(checkTick(tick)).toEqual({ ok: true, tick })
  })

  it('gives the keys in wire order and leaves out what is false', () => {
    const check = checkTick({ bpl: false, as: 5, ap: 1, tt: 'bid_ask', ...core })
    expect(check.ok && Object.keys(check.tick)).toEqual(['ts', 'st', 'cid', 'tt', 'rid', 'ap', 'as'])
  })

  it.each([
    ['no object', 'x', '-'],
    ['an array', [], '-'],
    ['an unknown type', { ...quote, tt: 'BidAsk' }, 'tt'],
    ['a missing core field', { ...quote, rid: undefined }, 'rid'],
    ['text for a number', { ...quote, bp: '1' }, 'bp'],
    ['a number that is not finite', { ...quote, ap: Number.NaN }, 'ap'],
    ['a broken µs', { ...quote, ts: 1.5 }, 'ts'],
    ['a µs beyond 2^53', { ...quote, st: 2 ** 53 }, 'st'],
    ['a contract id beyond int32', { ...quote, cid: 2 ** 31 }, 'cid'],
    ['contract 0', { ...quote, cid: 0 }, 'cid'],
    ['a quote without prices', { ...core, tt: 'bid_ask', bs: 1, as: 1 }, 'bp'],
    ['a trade without price', { ...core, tt: 'last', s: 1 }, 'p'],
    ['a mid point without one', { ...core, tt: 'mid_point' }, 'mp'],
    ['a field of another type', { ...quote, p: 1 }, 'p'],
    ['a flag that is no flag', { ...trade, pl: 1 }, 'pl'],
    ['a key that v3 does not have', { ...trade, exchange: 'X' }, 'exchange'],
    ['a time before 1990', { ...trade, ts: 1_000 }, 'ts'],
    ['a time more than a day ahead', { ...trade, ts: core.st + US_PER_DAY + 1 }, 'ts'],
  ])('refuses %s and names the field', (_, tick, field) => {
    const check = checkTick(tick)
    expect(check.ok ? undefined : check.fault.field).toBe(field)
  })
})
