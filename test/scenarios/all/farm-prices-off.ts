import { expect } from '@jest/globals'
import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'a farm comes back with prices that are off by a constant',
  causes: ['farm_broken'],
  mayCause: ['stale'],
  marketDiffers: true,
  async play(world) {
    await world.pass(10)
    world.fault({ fault: 'farm', farm: 'usfarm', seconds: 10, priceOffset: 445_860_400 })
    await world.pass(40)
    await world.flowing()
  },
  expect({ events, recorded }) {
    expect(events.filter(({ kind, cid }) => kind === 'jump' && cid === IBM).length).toBeGreaterThan(0)
    const last = recorded.get(`${IBM}_bid_ask`)?.at(-1) as { bp?: number } | undefined
    expect(last?.bp).toBeLessThan(10_000) // asked for anew, it is right again
  },
})
