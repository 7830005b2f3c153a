import type { TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import type { PastTick } from '../../src/backfill/history-page.ts'
import { missingTicks } from '../../src/backfill/missing-ticks.ts'

const trade = (fields: object): PastTick => ({ ts: 1_753_884_000_000_000, cid: 1, tt: 'last', rid: 1, p: 10, s: 1, ...fields }) as PastTick
const heard = (fields: object): TickMessage => ({ ...trade(fields), st: 1_753_884_000_100_000 }) as TickMessage

it('takes a tick as often as it is missing, not as often as it is there', () => {
  const history = [trade({}), trade({}), trade({ p: 11 }), trade({})]
  expect(missingTicks(history, [heard({})])).toEqual([trade({}), trade({ p: 11 }), trade({})])
  expect(missingTicks(history, [heard({}), heard({ p: 11 }), heard({}), heard({})])).toEqual([])
})

it('does not match across seconds', () => {
  expect(missingTicks([trade({})], [heard({ ts: 1_753_884_001_000_000 })])).toEqual([trade({})])
})

it('counts a trade once whose conditions history tells otherwise, and gives back the one that was not heard', () => {
  expect(missingTicks([trade({ sc: 'A', ex: 'Q' })], [heard({ sc: ' A', ex: 'Q' })])).toEqual([])
  expect(missingTicks([trade({ sc: 'A' }), trade({ sc: 'B' })], [heard({ sc: 'B' })])).toEqual([trade({ sc: 'A' })])
})

it('takes all of a second of which nothing is recorded, in the order of IB', () => {
  const history = [trade({ s: 3 }), trade({ s: 1 }), trade({ s: 2 })]
  expect(missingTicks(history, [])).toEqual(history)
})
