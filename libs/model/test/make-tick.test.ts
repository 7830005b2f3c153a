import { describe, expect, it } from '@jest/globals'
import { bidAskTick, describeFault, midPointTick, parseTick, tradeTick } from '../src/make-tick.ts'

const core = { ts: 1_753_837_634_000_000, st: 1_753_837_634_777_542, cid: 711280073 }

describe('constructors of ticks', () => {
  it('compute the request id, put keys in wire order, leave out what is false or undefined', () => {
    const quote = bidAskTick({ ap: 23478, as: 5, bp: 23477.5, bs: undefined, bpl: false, aph: true, ...core })
    expect(Object.entries(quote)).toEqual(
      Object.entries({ ...core, tt: 'bid_ask', rid: 1248241088, bp: 23477.5, ap: 23478, as: 5, aph: true }),
    )
    expect(tradeTick({ ...core, cid: 265598, tt: 'all_last', p: 0, s: 0, ex: '', rid: 7 })).toEqual({
      ...core,
      cid: 265598,
      tt: 'all_last',
      rid: 7,
      p: 0,
      s: 0,
      ex: '',
    })
    expect(midPointTick({ ...core, mp: -1, bf: true })).toMatchObject({ tt: 'mid_point', mp: -1, bf: true })
  })

  it('name field, value and rule of what makes no tick', () => {
    const facts = factsOf(() => bidAskTick({ ...core, ts: 2 ** 53, bp: 1 }))
    expect(facts).toMatchObject({ code: 'IBS_MODEL_TICK_INVALID', facts: { field: 'ts', value: 2 ** 53 } })
    expect(facts).toHaveProperty('message', expect.stringContaining('field ts is 9007199254740992; the rule is: a whole number'))
    expect(factsOf(() => bidAskTick(core))).toMatchObject({
      facts: { field: 'bp', value: undefined, rule: 'a bid_ask has a bid or an ask' },
    })
    expect(factsOf(() => tradeTick({ ...core, tt: 'last', p: Number.NaN }))).toMatchObject({ facts: { field: 'p' } })
    expect(factsOf(() => parseTick({ ...core, tt: 'first' }))).toMatchObject({ facts: { field: 'tt', value: 'first' } })
  })

  it('describe values that JSON cannot', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    for (const value of [undefined, 5n, cyclic, Number.NaN, () => 1]) {
      expect(describeFault({ field: 'x', value, rule: 'none' })).toMatch(/^field x is .+; the rule is: none$/)
    }
  })
})

function factsOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
