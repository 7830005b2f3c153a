import { hash31 } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { type EarlierRuns, missedAtStart, namedById } from '../../src/gaps/missed-at-start.ts'
import type { RememberedStream } from '../../src/stream-memory.ts'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'

const tracked: DesiredStream = { cid: 1, tt: 'last', rid: hash31(1, 'last'), symbol: 'MNQ.front', tracked: true }
const leased: DesiredStream = { ...tracked, tracked: false }
const remembered = (fromUs?: number): RememberedStream => ({
  ...tracked,
  gap: fromUs === undefined ? undefined : { fromUs, cause: 'refused', reason: 'a test' },
})
const fromUs = (stream: DesiredStream, runs: Omit<EarlierRuns, 'heardUntilUs'>, isAtStart = true) =>
  missedAtStart(stream, { heardUntilUs: 100, ...runs }, isAtStart)?.fromUs

it('what was recorded is missing since the gateway was heard last, or since its gap began', () => {
  expect(fromUs(tracked, { before: [remembered()] })).toBe(100)
  expect(fromUs(tracked, { before: [remembered(40)] })).toBe(40)
  expect(fromUs(tracked, { before: [] })).toBeUndefined()
  expect(missedAtStart(tracked, { before: [remembered()], heardUntilUs: undefined }, true)).toBeUndefined()
})

it('without word of an earlier run it is missing since its own last tick; what is leased only as far as it was desired from the start', () => {
  const lastTickUs = (rid: number) => (rid === tracked.rid ? 60 : undefined)
  expect(fromUs(tracked, { before: [], lastTickUs })).toBe(60)
  expect(fromUs(tracked, { before: [], lastTickUs }, false)).toBe(60) // its name was looked up meanwhile
  expect(fromUs(leased, { before: [], lastTickUs })).toBe(60)
  expect(fromUs(leased, { before: [], lastTickUs }, false)).toBeUndefined()
  expect(fromUs({ ...tracked, rid: 9 }, { before: [], lastTickUs })).toBeUndefined()
})

it('takes what is named by its id for recorded, though it left no tick', () => {
  const before = namedById([
    { name: '1', symbol: 'MNQ', tickTypes: ['last'], bufferHours: 1 },
    { name: 'AAPL', symbol: 'AAPL', tickTypes: ['last'], bufferHours: 1 },
  ])
  expect(before.map(({ symbol }) => symbol)).toEqual(['MNQ'])
  expect(fromUs(tracked, { before, lastTickUs: () => undefined })).toBe(100)
})
