import { expect } from '@jest/globals'
import { scenario as define, MNQ } from '../scenario.ts'

export const scenario = define({
  name: 'the market closes and opens again an hour later: no gap, no remedy',
  causes: [],
  tracked: `${MNQ}:MNQ:bid_ask;last`,
  sim: { hours: 'exchange' },
  clock: { start: '2026-11-24T21:46:00Z', rate: 200 }, // CME closes at 16:00 in Chicago, until 17:00
  async play(world) {
    await world.pass(840 + 3_600 + 240)
    await world.flowing()
  },
  expect({ log, recorded }) {
    expect(log.filter(({ text }) => text === 'silent stream')).toEqual([])
    const stamps = (recorded.get(`${MNQ}_bid_ask`) ?? []).map(({ ts }) => ts)
    expect(Math.max(...stamps.map((ts, i) => ts - (stamps[i - 1] ?? ts)))).toBeGreaterThan(3_500_000_000)
  },
})
