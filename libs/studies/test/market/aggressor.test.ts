import { describe, expect, it } from '@jest/globals'
import { Aggressor, type AggressorRule, Quote } from '../../src/index.ts'
import { quote } from '../ticks.ts'

type QuoteSides = [bid: number | undefined, ask: number | undefined]

function standing([bid, ask]: QuoteSides): Quote {
  const made = new Quote()
  const { bp: _bp, ap: _ap, ...rest } = quote(0, 0, 0)
  made.take({ ...rest, ...(bid !== undefined && { bp: bid }), ...(ask !== undefined && { ap: ask }) })
  return made
}

/** Signs prices one after the other under one quote. */
function signs(rule: AggressorRule, sides: QuoteSides, prices: readonly number[], zone = 0): string {
  const aggressor = new Aggressor(rule, zone)
  return prices.map((price) => `${aggressor.sign(price, standing(sides))} ${aggressor.basis}`).join(', ')
}

describe('the quote rule', () => {
  it.each([
    [9.99, '-1 bid'],
    [10, '-1 bid'],
    [10.01, '0 inside'],
    [10.5, '0 inside'],
    [10.99, '0 inside'],
    [11, '1 ask'],
    [11.01, '1 ask'],
  ])('signs %d at a quote of 10 to 11 as %s', (price, wanted) => expect(signs('quote', [10, 11], [price])).toBe(wanted))

  it.each([
    [10.25, '-1 bid'],
    [10.26, '0 inside'],
    [10.74, '0 inside'],
    [10.75, '1 ask'],
  ])('moves both bounds inwards by the neutral zone: %d with 25 %% is %s', (price, wanted) =>
    expect(signs('quote', [10, 11], [price], 25)).toBe(wanted),
  )

  it('leaves nothing undecided with a neutral zone of half the spread: the mid itself is a buy', () => {
    expect(signs('quote', [10, 11], [10.499, 10.5, 10.501], 50)).toBe('-1 bid, 1 ask, 1 ask')
  })

  it.each<[string, QuoteSides, number, string]>([
    ['crossed', [11, 10], 10.49, '-1 crossed'],
    ['crossed', [11, 10], 10.5, '1 crossed'],
    ['crossed', [11, 10], 11, '1 crossed'],
    ['locked', [10, 10], 9.99, '-1 crossed'],
    ['locked', [10, 10], 10, '1 crossed'],
  ])('lets the mid decide where the quote is %s %j: %d is %s', (_, sides, price, wanted) =>
    expect(signs('quote', sides, [price])).toBe(wanted),
  )

  it('works with the prices below 0 of spreads', () => {
    expect(signs('quote', [-1.5, -1.25], [-1.5, -1.4, -1.25])).toBe('-1 bid, 0 inside, 1 ask')
  })
})

describe.each<[string, QuoteSides]>([
  ['no bid', [undefined, 11]],
  ['no ask', [10, undefined]],
  ['no side', [undefined, undefined]],
])('with %s', (_, sides) => {
  it('the quote rule compares with the price before, and leaves an equal one undecided', () => {
    expect(signs('quote', sides, [10, 10.5, 10.5, 10.25])).toBe('0 none, 1 tick, 0 tick, -1 tick')
  })

  it('Lee and Ready’s rule carries the last change on', () => {
    expect(signs('lee_ready', sides, [10, 10.5, 10.5, 10.25, 10.25])).toBe('0 none, 1 tick, 1 tick, -1 tick, -1 tick')
  })
})

describe('Lee and Ready’s rule', () => {
  it('signs by the mid', () => {
    expect(signs('lee_ready', [10, 11], [10.51, 10.49, 11, 10])).toBe('1 inside, -1 inside, 1 ask, -1 bid')
  })

  it('takes the tick test at the mid, from the price before or the last change', () => {
    expect(signs('lee_ready', [10, 11], [10.4, 10.5, 10.5])).toBe('-1 inside, 1 inside, 1 inside')
    expect(signs('lee_ready', [10, 11], [10.6, 10.5, 10.5])).toBe('1 inside, -1 inside, -1 inside')
    expect(signs('lee_ready', [10, 11], [10.5])).toBe('0 inside')
  })

  it('takes the mid of a crossed or locked quote too', () => {
    expect(signs('lee_ready', [11, 10], [10.6, 10.4, 10.5])).toBe('1 crossed, -1 crossed, 1 crossed')
    expect(signs('lee_ready', [10, 10], [10, 10.1, 10])).toBe('0 crossed, 1 crossed, -1 crossed')
  })
})

describe('the tick rule', () => {
  it('looks at no quote: up is a buy, down a sell, equal as the last change was', () => {
    expect(signs('tick', [10, 11], [11, 10.5, 10.5, 10.5, 10.75, 10.75])).toBe('0 none, -1 tick, -1 tick, -1 tick, 1 tick, 1 tick')
  })

  it('leaves equal prices undecided until the first change', () => {
    expect(signs('tick', [10, 11], [10, 10, 10.1])).toBe('0 none, 0 tick, 1 tick')
  })
})

it('forgets the price before and the last change with a reset', () => {
  const aggressor = new Aggressor('tick')
  const none = new Quote()
  for (const price of [10, 11]) aggressor.sign(price, none)
  aggressor.reset()
  expect(aggressor.basis).toBe('none')
  expect([10, 10].map((price) => aggressor.sign(price, none))).toEqual([0, 0])
})

it('a price under a quote is remembered for when the quote is gone', () => {
  const aggressor = new Aggressor('quote')
  aggressor.sign(11, standing([10, 11]))
  expect(aggressor.sign(10.5, standing([undefined, 11]))).toBe(-1)
  expect(aggressor.basis).toBe('tick')
})
