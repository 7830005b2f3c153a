import { describe, expect, it } from '@jest/globals'
import { type DeclaredGap, undeclaredHoles } from './holes.ts'
import { byStream, type PlainTick } from './ticks.ts'

/** Quotes and trades as they were sent: the letter is what a tick says, `st` is when it was received where it was. */
const sent = (...ticks: [tt: 'bid_ask' | 'last', says: string][]): PlainTick[] => ticks.map(([tt, says]) => ({ ts: 1, cid: 1, tt, says }))
const ORDER = sent(['bid_ask', 'a'], ['last', 'b'], ['bid_ask', 'c'], ['last', 'd'], ['last', 'e'], ['bid_ask', 'f'], ['last', 'g'])

const received = (order: readonly PlainTick[], turns: readonly number[]) =>
  byStream(turns.map((turn) => ({ ...(order[turn] as PlainTick), st: 10 * turn })))
const gap = (tt: string, fromUs: number, toUs: number): DeclaredGap => ({ kind: 'gap', cid: 1, tt, fromUs, toUs })

const holesOf = (order: readonly PlainTick[], turns: readonly number[], gaps: readonly DeclaredGap[]) =>
  undeclaredHoles(byStream(order), received(order, turns), { order, gaps })

describe('holes in what is recorded', () => {
  it('finds none where nothing is missing, and none that a gap reaches over', () => {
    expect(holesOf(ORDER, [0, 1, 2, 3, 4, 5, 6], [])).toEqual([])
    expect(holesOf(ORDER, [0, 1, 2, 5, 6], [gap('last', 20, 59), gap('bid_ask', 20, 49)])).toEqual([])
  })

  it('finds one without a gap, with a gap of the other stream, and with one that is still open', () => {
    const open: DeclaredGap = { ...gap('last', 20, 0), kind: 'gap_opened' }
    for (const gaps of [[], [gap('bid_ask', 20, 59)], [open]])
      expect(holesOf(ORDER, [0, 1, 2, 5, 6], gaps)).toMatchObject([
        { stream: '1_last', missing: 2, around: [{ lastBeforeUs: 10, firstAfterUs: 60 }] },
      ])
    expect(holesOf(ORDER, [0, 1, 2, 5], [open])).toMatchObject([{ missing: 3, around: [{ isAtEnd: true }] }])
  })

  it('finds one whose gap ends before the first tick that is there again, after it, or begins after ticks that are missing', () => {
    expect(holesOf(ORDER, [0, 1, 2, 5, 6], [gap('last', 20, 61)])).toHaveLength(1)
    expect(holesOf(ORDER, [0, 1, 2, 5, 6], [gap('last', 5, 10)])).toHaveLength(1)
    expect(holesOf(ORDER, [0, 1, 2, 5, 6], [gap('last', 50, 59)])).toHaveLength(1) // the quote of that time was sent behind them
  })

  it('takes either place where equal ticks leave it open which of them is missing', () => {
    const order = sent(['last', 'a'], ['last', 'b'], ['last', 'b'], ['last', 'c'])
    expect(holesOf(order, [0, 2, 3], [gap('last', 0, 19)])).toEqual([])
    expect(holesOf(order, [0, 1, 3], [gap('last', 10, 29)])).toEqual([])
    expect(holesOf(order, [0, 1, 3], [gap('last', 30, 39)])).toHaveLength(1)
  })

  it('throws where more is wrong than one run that is missing', () => {
    expect(() => holesOf(ORDER, [0, 1, 2, 4, 5], [])).toThrow('1_last: of 4 ticks sent 2 are recorded, which are the first 1 of them')
  })
})
