import type { StudyOutput, Tick } from '@ib-stream/client'
import { prepareStudy } from '@ib-stream/studies'
import { expect, it } from '@jest/globals'
import { array, assert, constantFrom, double, integer, oneof, property, record } from 'fast-check'
import { BarBuilder, type DrawnBar } from '../src/bar-builder.ts'

const LENGTH_US = 5_000_000
const FROM_US = 1_753_837_200_000_000

const price = double({ min: 90, max: 110, noNaN: true }).map((value) => Math.round(value * 4) / 4)
const quote = record({
  bid: oneof(price, constantFrom(0, -1)),
  ask: price,
  bs: integer({ min: 0, max: 5 }),
  step: integer({ min: 0, max: 3 }),
})
const trade = record({ p: oneof(price, constantFrom(0)), s: integer({ min: 0, max: 9 }), step: integer({ min: 0, max: 3 }) })

/** Ticks in query order, whole seconds as IB stamps them. */
function ticksOf(moves: readonly ({ step: number } & ({ bid: number; ask: number; bs: number } | { p: number; s: number }))[]): Tick[] {
  let ts = FROM_US
  return moves.map((move, i) => {
    ts += move.step * 1_000_000
    const head = { ts, st: ts + i, cid: 1, rid: 1 }
    return 'p' in move
      ? { ...head, tt: 'last', p: move.p, s: move.s }
      : { ...head, tt: 'bid_ask', bp: move.bid, bs: move.bs, ap: move.ask, as: 1 }
  })
}

function built(ticks: readonly Tick[], of: 'trades' | 'mid'): DrawnBar[] {
  const builder = new BarBuilder({ lengthUs: LENGTH_US, of, trades: 'last' })
  const bars: DrawnBar[] = []
  for (const tick of ticks) {
    builder.take(tick)
    if (builder.bar && builder.bar !== bars.at(-1)) bars.push(builder.bar)
  }
  return bars
}

function studied(study: string, parameters: Record<string, unknown>, ticks: readonly Tick[]): StudyOutput[] {
  const one = prepareStudy(study, parameters).create({})
  return [...ticks.flatMap((tick) => [...one.push(tick)]), ...one.flush()] as unknown as StudyOutput[]
}

it.each(['trades', 'mid'] as const)('property: live bars of %s are the bars of the API', (of) => {
  assert(
    property(array(oneof(quote, trade), { maxLength: 60 }), (moves) => {
      const ticks = ticksOf(moves)
      const wanted = studied('bars', { interval: '5s', of }, ticks).map(({ ts, open, high, low, close }) => ({
        ts,
        open,
        high,
        low,
        close,
      }))
      expect(built(ticks, of).map(({ ts, open, high, low, close }) => ({ ts, open, high, low, close }))).toEqual(wanted)
    }),
  )
})

it('property: live volume delta is that of the API', () => {
  assert(
    property(array(oneof(quote, trade), { maxLength: 60 }), (moves) => {
      const ticks = ticksOf(moves)
      const last = studied('delta', {}, ticks).at(-1)
      const { cumulative_delta: wanted = 0 } = (last?.summary ?? {}) as { cumulative_delta?: number }
      expect(built(ticks, 'trades').reduce((sum, { delta = 0 }) => sum + delta, 0)).toBeCloseTo(wanted, 6)
    }),
  )
})
