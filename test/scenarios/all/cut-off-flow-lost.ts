import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'after 1102 nothing flows although IB says that everything is kept',
  causes: ['connectivity_lost'],
  async play(world) {
    world.fault({ fault: 'connectivity', times: 1, end: '1102', seconds: 20, flow: 'silent' })
    await world.pass(60)
    await world.flowing()
  },
  expect({ events }) {
    // Not only when they have been silent for too long: the gap ends with the first tick of a new request.
    const ended = events.filter(({ kind, state, reason }) => kind === 'subscription' && state === 'ended' && /lost/.test(String(reason)))
    expect(ended.length).toBeGreaterThan(0)
  },
})
