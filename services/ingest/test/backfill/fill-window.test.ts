import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { fillWindow } from '../../src/backfill/fill-window.ts'

const S = 1_753_884_000
const us = (second: number) => (S + second) * US_PER_SECOND
const tick = (tsSecond: number, stSecond: number, fields: object = {}): TickMessage =>
  ({ ts: us(tsSecond), st: us(stSecond), cid: 1, tt: 'last', rid: 1, p: 10, ...fields }) as TickMessage
const seconds = (from: number, to: number) => ({ fromSecond: S + from, toSecond: S + to })

it('goes from the second of the last tick before the gap to that of the first one after it', () => {
  expect(fillWindow({ fromUs: us(10.4), toUs: us(20.6) }, [tick(10, 10.4), tick(20, 20.6)], 0)).toEqual(seconds(10, 20))
})

it('goes by those ticks where our clock is wrong', () => {
  const heard = [tick(10, 47.4), tick(20, 57.6)]
  expect(fillWindow({ fromUs: us(47.4), toUs: us(57.6) }, heard, 0)).toEqual(seconds(10, 20))
})

it('of a quiet stream is the gap and some seconds around it, by the offset of the ticks that there are', () => {
  const gap = { fromUs: us(147), toUs: us(157) }
  expect(fillWindow(gap, [tick(10, 47)], 0)).toEqual(seconds(110 - 30, 120 + 4))
  expect(fillWindow(gap, [tick(500, 537)], 0)).toEqual(seconds(110 - 3, 120 + 4))
  expect(fillWindow(gap, [], 37 * US_PER_SECOND)).toEqual(seconds(110 - 3, 120 + 4))
})

it('does not end at a late tick when younger ones come right behind it, nor at a filled one', () => {
  const heard = [tick(10, 10.1), tick(15, 20.1), tick(20, 20.2), tick(18, 20.05, { bf: true })]
  expect(fillWindow({ fromUs: us(10.1), toUs: us(20) }, heard, 0)).toEqual(seconds(10, 20))
})

it('regression: begins at the last tick, not three seconds before the end of the connection, behind which the gateway may have been', () => {
  expect(fillWindow({ fromUs: us(25), toUs: us(40) }, [tick(10, 10.2), tick(40, 40.2)], 0)).toEqual(seconds(10, 40))
})
