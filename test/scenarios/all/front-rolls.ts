import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the front contract rolls, with both recorded around it',
  causes: [],
  tracked: 'MNQ.front:bid_ask;last',
  env: { IB_STREAM_ROLL_OVERLAP: '60s' },
  clock: { start: '2026-12-10T05:57:30Z', rate: 30 },
  async play(world) {
    await world.pass(300)
    await world.flowing()
  },
  unwanted: ['681487126_bid_ask', '681487126_last'], // ends within the scenario; what is sent while its end is on the way is not recorded
  expect({ events, recorded }) {
    const [roll, ...others] = events.filter(({ kind }) => kind === 'roll')
    expect([roll?.name, others]).toEqual(['MNQ.front', []])
    const old = recorded.get(`${String(roll?.from)}_bid_ask`) ?? []
    const next = recorded.get(`${String(roll?.to)}_bid_ask`) ?? []
    expect(old.at(-1)?.st).toBeGreaterThan(roll?.st ?? 0)
    expect(next.at(0)?.st).toBeLessThan(roll?.st ?? 0)
  },
})
