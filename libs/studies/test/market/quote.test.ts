import { expect, it } from '@jest/globals'
import { Quote } from '../../src/index.ts'
import { quote } from '../ticks.ts'

function taken(bp: number, ap: number, bs = 5, as = 5): Quote {
  const standing = new Quote()
  standing.take(quote(0, bp, ap, bs, as))
  return standing
}
const plain = ({ bid, ask, bidSize, askSize, isTwoSided, mid }: Quote) => ({ bid, ask, bidSize, askSize, isTwoSided, mid })
const { NaN: absent } = Number

it.each([
  ['both sides', taken(10, 11, 3, 4), { bid: 10, ask: 11, bidSize: 3, askSize: 4, isTwoSided: true, mid: 10.5 }],
  ['IB’s −1 without size', taken(-1, 11, 0, 4), { bid: absent, ask: 11, bidSize: 0, askSize: 4, isTwoSided: false, mid: absent }],
  ['IB’s 0 without size', taken(10, 0, 3, 0), { bid: 10, ask: absent, bidSize: 3, askSize: 0, isTwoSided: false, mid: absent }],
  ['a halt, 0 / 0 on both sides', taken(0, 0, 0, 0), { bid: absent, ask: absent, bidSize: 0, askSize: 0, isTwoSided: false, mid: absent }],
  ['prices below 0 with sizes', taken(-2, -1, 3, 4), { bid: -2, ask: -1, bidSize: 3, askSize: 4, isTwoSided: true, mid: -1.5 }],
  ['a price of 0 with a size', taken(0, 1, 3, 4), { bid: 0, ask: 1, bidSize: 3, askSize: 4, isTwoSided: true, mid: 0.5 }],
  ['a price without size', taken(10, 11, 0, 0), { bid: 10, ask: 11, bidSize: 0, askSize: 0, isTwoSided: true, mid: 10.5 }],
  ['IB’s unset double', taken(1.797e308, 11), { bid: absent, ask: 11, bidSize: 0, askSize: 5, isTwoSided: false, mid: absent }],
])('reads %s', (_, got, wanted) => expect(plain(got)).toEqual(wanted))

it('a one-sided quote takes the other side away, it does not stay from before', () => {
  const standing = taken(10, 11)
  const { ap: _ap, as: _as, ...bidOnly } = quote(1, 10, 11)
  standing.take(bidOnly)
  expect(plain(standing)).toMatchObject({ bid: 10, ask: absent, askSize: 0, isTwoSided: false })
})

it('is a copy of another after set, and empty after reset', () => {
  const copy = new Quote()
  copy.set(taken(10, 11, 3, 4))
  expect(plain(copy)).toEqual(plain(taken(10, 11, 3, 4)))
  copy.reset()
  expect(plain(copy)).toEqual(plain(new Quote()))
})
