import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the connection is lost and the port refuses for half a minute',
  causes: ['disconnected'],
  async play(world) {
    world.fault({ fault: 'refuse', seconds: 30 })
    world.fault({ fault: 'cut', how: 'rst' })
    await world.pass(35)
    await world.flowing()
  },
  expect({ log }) {
    const reasons = log.map(({ facts }) => String((facts as { reason?: unknown }).reason))
    expect(reasons.some((reason) => reason.includes('start IB Gateway or TWS'))).toBe(true)
  },
})
