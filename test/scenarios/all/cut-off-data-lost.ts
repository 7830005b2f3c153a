import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway loses IB (1100) and comes back without its requests (1101)',
  causes: ['connectivity_lost'],
  mayCause: ['data_lost'],
  async play(world) {
    world.fault({ fault: 'connectivity', times: 2, end: '1101', seconds: 20 })
    await world.pass(30)
    await world.flowing()
  },
  expect({ events }) {
    expect(events.filter(({ kind, state }) => kind === 'subscription' && state === 'subscribed')).toHaveLength(8)
  },
})
