import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'after 1102 nothing flows although IB says that everything is kept',
  causes: ['connectivity_lost', 'stale'],
  async play(world) {
    world.fault({ fault: 'connectivity', times: 1, end: '1102', seconds: 20, flow: 'silent' })
    await world.pass(110)
    await world.flowing()
  },
  expect({ log }) {
    expect(log.some(({ text, facts }) => text === 'silent stream' && (facts as { remedy: string }).remedy === 'restart_stream')).toBe(true)
  },
})
