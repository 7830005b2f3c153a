import { describe, expect, it } from '@jest/globals'
import { decodeTick, type TickStream } from '../src/decode-tick.ts'

const ST = 1_753_837_634_777_542
const stream = (tt: TickStream['tt']): TickStream => ({ cid: 265598, tt, rid: 7 })
const decode = (tt: TickStream['tt'], ...fields: string[]) => decodeTick(['99', '7', ...fields], stream(tt), ST)
const core = (tt: string) => ({ ts: 1_753_837_634_000_000, st: ST, cid: 265598, tt, rid: 7 })

describe('decodeTick', () => {
  it('reads a quote: bid, ask, then the sizes', () => {
    expect(decode('bid_ask', '3', '1753837634', '23477.5', '23478', '6', '5', '0')).toEqual({
      tick: { ...core('bid_ask'), bp: 23477.5, bs: 6, ap: 23478, as: 5 },
    })
  })

  it('reads the two flags of a quote in the live order: bit 0 bid past low, bit 1 ask past high', () => {
    expect(decode('bid_ask', '3', '1753837634', '1', '2', '1', '1', '1')).toMatchObject({ tick: { bpl: true } })
    expect(decode('bid_ask', '3', '1753837634', '1', '2', '1', '1', '2')).toMatchObject({ tick: { aph: true } })
  })

  it.each([
    ['empty', ''],
    ['IB’s largest double', '1.7976931348623157E308'],
  ])('leaves out a side that is unset (%s)', (_, unset) => {
    expect(decode('bid_ask', '3', '1753837634', unset, '23478', unset, '5', '0')).toEqual({
      tick: { ...core('bid_ask'), ap: 23478, as: 5 },
    })
  })

  it.each(['2147483647', '9223372036854775807', '-9223372036854775808', '1.7976931348623157E308', '1.7976931348623157e308'])(
    'regression: a size that is unset (%s) became a number',
    (unset) => {
      expect(decode('bid_ask', '3', '1753837634', '23477.5', '23478', unset, '5', '0')).toEqual({
        tick: { ...core('bid_ask'), bp: 23477.5, ap: 23478, as: 5 },
      })
      expect(decode('bid_ask', '3', '1753837634', '23477.5', '23478', '6', unset, '0')).toEqual({
        tick: { ...core('bid_ask'), bp: 23477.5, bs: 6, ap: 23478 },
      })
      expect(decode('last', '1', '1753837634', '181.985', unset, '0', 'ISLAND', '')).toEqual({
        tick: { ...core('last'), p: 181.985, ex: 'ISLAND' },
      })
    },
  )

  it('keeps the largest int as a price, and a size beside it: they are numbers as others are', () => {
    expect(decode('last', '1', '1753837634', '2147483647', '2147483646', '0', '', '')).toEqual({
      tick: { ...core('last'), p: 2147483647, s: 2147483646 },
    })
  })

  it('keeps −1 and 0 as sent', () => {
    expect(decode('bid_ask', '3', '1753837634', '-1', '0', '0', '0', '0')).toEqual({
      tick: { ...core('bid_ask'), bp: -1, bs: 0, ap: 0, as: 0 },
    })
  })

  it('reads a trade with exchange and conditions, decimals and thousands', () => {
    expect(decode('last', '1', '1753837634', '181.985', '1,200.5', '0', 'ISLAND', ' F I')).toEqual({
      tick: { ...core('last'), p: 181.985, s: 1200.5, ex: 'ISLAND', sc: ' F I' },
    })
  })

  it('reads the flags of a trade: bit 0 past limit, bit 1 unreported', () => {
    expect(decode('all_last', '2', '1753837634', '0', '0', '1', '', '')).toEqual({ tick: { ...core('all_last'), p: 0, s: 0, pl: true } })
    expect(decode('all_last', '2', '1753837634', '1', '1', '2', '', '')).toMatchObject({ tick: { upt: true } })
  })

  it('reads a mid point', () => {
    expect(decode('mid_point', '4', '1753837634', '23477.75')).toEqual({ tick: { ...core('mid_point'), mp: 23477.75 } })
  })

  it.each([
    ['a trade without a price, which the client library would make 0', 'last', ['1', '1753837634', '', '5', '0', '', ''], 'p'],
    ['a price that is no number', 'last', ['1', '1753837634', 'abc', '5', '0', '', ''], 'p'],
    ['a quote with neither side', 'bid_ask', ['3', '1753837634', '', '', '', '', '0'], 'bp'],
    ['no time', 'bid_ask', ['3', '', '1', '2', '1', '1', '0'], 'ts'],
    ['another kind than was asked for', 'last', ['2', '1753837634', '1', '1', '0', '', ''], 'tt'],
    ['a frame that is cut short', 'mid_point', ['4', '1753837634'], 'mp'],
  ] as const)('refuses %s', (_, tt, fields, field) => {
    expect(decode(tt, ...fields)).toMatchObject({ fault: { field } })
  })
})
