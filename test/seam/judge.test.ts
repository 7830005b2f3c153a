import { compareTicks, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { Random } from '../chaos/random.ts'
import { findingsOf, type Given } from './judge.ts'
import { CIDS, isLate, START_US, Truth } from './truth.ts'

const truth = new Truth(new Random(1))
truth.next(3_000)
const { ticks } = truth
const CUT = 2_000
const [ONE = 0] = CIDS
const isMine = (place: number) => ticks[place]?.cid === ONE
const mine = ticks.flatMap((_, place) => (isMine(place) ? [place] : []))
const inQueryOrder = (places: readonly number[]) =>
  places.toSorted((a, b) => compareTicks(ticks[a] as TickMessage, ticks[b] as TickMessage))

const whole: Given = {
  cids: [ONE],
  startUs: 0,
  subscribedAt: CUT,
  incomplete: [],
  strange: [],
  connections: [{ history: inQueryOrder(mine.filter((place) => place < CUT)), live: mine.filter((place) => place >= CUT) }],
}
/** With the history or the live part of its only connection changed. */
const with_ = (part: 'history' | 'live', change: (places: number[]) => number[]): Given => {
  const [{ history, live } = { history: [], live: [] }] = whole.connections
  return { ...whole, connections: [{ history, live, [part]: change([...(part === 'history' ? history : live)]) }] }
}

describe('the judge of the seam', () => {
  it('has nothing to say of the truth, from the start or from the middle, with late ticks after a cut', () => {
    expect(findingsOf(whole, ticks)).toEqual([])
    const startUs = START_US + 600_000_000
    const from = (places: readonly number[]) => places.filter((place) => (ticks[place]?.ts ?? 0) >= startUs)
    const [{ history, live } = { history: [], live: [] }] = whole.connections
    expect(findingsOf({ ...whole, startUs, connections: [{ history: from(history), live }] }, ticks)).toEqual([])
    const early = inQueryOrder(mine.filter((place) => place < 200)).slice(0, 40)
    const last = ticks[early.at(-1) ?? 0] as TickMessage
    const later = mine.filter((place) => place < CUT && !early.includes(place))
    const isLate = (place: number) => compareTicks(ticks[place] as TickMessage, last) < 0
    const resumed = [...later.filter(isLate), ...inQueryOrder(later.filter((place) => !isLate(place)))]
    expect(later.filter(isLate).length).toBeGreaterThan(0)
    expect(
      findingsOf(
        {
          ...whole,
          connections: [
            { history: early, live: [] },
            { history: resumed, live },
          ],
        },
        ticks,
      ),
    ).toEqual([])
  })

  it('does not ask for late ticks of which a client was told that the log has forgotten them, but for every other', () => {
    const late = mine.filter((place) => place < CUT && isLate(ticks[place] as TickMessage))
    const fromUs = (ticks[late[Math.floor(late.length / 2)] ?? 0] as TickMessage).ts + 1
    const without = (lacking: readonly number[]) => ({
      ...with_('history', (places) => places.filter((place) => !lacking.includes(place))),
      incomplete: [{ fromUs, saidAt: CUT }],
    })
    const told = late.filter((place) => (ticks[place] as TickMessage).ts <= fromUs && (ticks[place] as TickMessage).st > fromUs)
    expect(told.length).toBeGreaterThan(0)
    expect(told.length).toBeLessThan(late.length)
    expect(findingsOf(without(told), ticks)).toEqual([])
    const onTime = mine.filter((place) => place < CUT && !isLate(ticks[place] as TickMessage)).slice(-1)
    for (const lacking of [late.filter((place) => !told.includes(place)).slice(0, 1), onTime])
      expect(findingsOf(without(lacking), ticks)).toEqual([expect.stringMatching(/^lost: 1/)])
    expect(findingsOf({ ...without(told), incomplete: [] }, ticks)).toEqual([expect.stringMatching(/^lost/)])
  })

  it('lets a history begin anew where a client was told so, though not give a tick twice', () => {
    const [{ history, live } = { history: [], live: [] }] = whole.connections
    const [first, again] = [history.slice(0, 400).filter((_, i) => i % 2 === 0), history.filter((_, i) => i >= 400 || i % 2 === 1)]
    const parts = (isAnew: boolean) => [
      { history: first, live: [] },
      { history: again, live, isAnew },
    ]
    expect(findingsOf({ ...whole, connections: parts(true) }, ticks)).toEqual([])
    expect(findingsOf({ ...whole, connections: parts(false) }, ticks)).not.toEqual([])
  })

  const swapped = (places: number[]) => [...places.slice(0, 5), places[6] ?? 0, places[5] ?? 0, ...places.slice(7)]
  it.each([
    ['a lost tick of the history', with_('history', (places) => places.toSpliced(7, 1)), /^lost/],
    ['a lost live tick', with_('live', (places) => places.toSpliced(7, 1)), /^lost/],
    ['a lost last tick', with_('live', (places) => places.slice(0, -1)), /^lost/],
    ['a tick twice', with_('live', (places) => [...places, places[3] ?? 0]), /^doubled/],
    ['a tick in history and live', with_('live', (places) => [mine[0] ?? 0, ...places]), /^doubled/],
    ['two ticks of the history that changed places', with_('history', swapped), /^history out of order/],
    ['two live ticks that changed places', with_('live', swapped), /^live out of order/],
    ['a tick of another contract', with_('live', (places) => [...places, ticks.findIndex(({ cid }) => cid !== ONE)]), /^of a contract/],
    ['a tick before the start', { ...whole, startUs: START_US + 600_000_000 }, /^before its start/],
    ['a line that was never published', { ...whole, strange: ['{}'] }, /^strange/],
  ])('tells of %s', (_what, given, finding) => {
    expect(findingsOf(given, ticks)).toContainEqual(expect.stringMatching(finding))
  })
})
