import { expect } from '@jest/globals'
import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'a market data farm breaks for ten seconds; streams of another one go on',
  causes: ['farm_broken'],
  async play(world) {
    world.fault({ fault: 'farm', farm: 'usfuture', seconds: 10 })
    await world.pass(15)
    await world.flowing()
  },
  expect({ events }) {
    expect(events.filter(({ kind, cid, cause }) => kind === 'gap' && cid === IBM && cause === 'farm_broken')).toEqual([])
  },
})
