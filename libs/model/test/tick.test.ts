import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FIELDS, TICK_TYPES, tickSchema } from '../src/tick.ts'
import { checkTick } from '../src/validate-tick.ts'
import { arbitraryTick } from './arbitrary-tick.ts'

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '1',
    0,
    -0,
    -1,
    1.5,
    2 ** 31,
    2 ** 53,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    5n,
    [],
    {},
    'last',
    'bid_ask',
  ),
  fc.integer(),
  fc.double(),
  fc.string(),
)
const oddKey = fc.oneof(fc.constantFrom(...FIELDS.map(({ key }) => key)), fc.constantFrom('exchange', 'TS', '__proto__x'))
const change = fc.record({ key: oddKey, value: oddValue, drop: fc.boolean() })

describe('tickSchema', () => {
  it('property: takes every valid tick as it is', () => {
    fc.assert(
      fc.property(arbitraryTick, (tick) => {
        expect(tickSchema.parse(tick)).toEqual(tick)
        expect(checkTick(tick)).toEqual({ ok: true, tick })
      }),
    )
  })

  it('property: takes and refuses what checkTick takes and refuses, whatever is changed', () => {
    let refused = 0
    fc.assert(
      fc.property(arbitraryTick, fc.array(change, { maxLength: 3 }), (tick, changes) => {
        const value: Record<string, unknown> = { ...tick }
        for (const { key, value: odd, drop } of changes) {
          if (drop) delete value[key]
          else value[key] = odd
        }
        const check = checkTick(value)
        const parsed = tickSchema.safeParse(value)
        expect({ value, ok: parsed.success }).toEqual({ value, ok: check.ok })
        if (check.ok) expect(parsed.data).toEqual(check.tick)
        else refused++
      }),
      { numRuns: 5000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })

  it('differs from checkTick in one thing: a false flag is left out there and refused here', () => {
    const spelled = { ts: 1e15, st: 1e15, cid: 1, tt: 'mid_point', rid: 0, mp: 1, bf: false }
    expect(checkTick(spelled)).toEqual({ ok: true, tick: { ts: 1e15, st: 1e15, cid: 1, tt: 'mid_point', rid: 0, mp: 1 } })
    expect(tickSchema.safeParse(spelled).success).toBe(false)
  })

  it.each(['x', null, [], 1, undefined, {}])('refuses %j, which is no tick', (value) => {
    expect(tickSchema.safeParse(value).success).toBe(false)
    expect(checkTick(value).ok).toBe(false)
  })

  it('has for each tick type the keys that the table of fields has', () => {
    for (const tt of TICK_TYPES) {
      const shape = tickSchema.options.find((option) => option.shape.tt.safeParse(tt).success)?.shape ?? {}
      const inTable = FIELDS.filter((field) => field.in === undefined || field.in.includes(tt)).map(({ key }) => key)
      expect(Object.keys(shape).sort()).toEqual(inTable.sort())
    }
  })
})
