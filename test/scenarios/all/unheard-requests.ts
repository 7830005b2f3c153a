import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'after a reconnect the gateway does not hear the requests for ticks',
  causes: ['disconnected', 'stale'],
  async play(world) {
    world.fault({ fault: 'deaf', request: 97, seconds: 30 })
    world.fault({ fault: 'cut' })
    await world.pass(110)
    await world.flowing()
  },
  expect({ events }) {
    // IB's answer to the cancel of a request that it never heard is no refusal of the next one.
    expect(events.filter(({ kind, state }) => kind === 'subscription' && state === 'refused')).toEqual([])
  },
})
