import { expect } from '@jest/globals'
import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'a contract is halted for two minutes: silence that needs nobody',
  causes: [],
  async play(world) {
    world.fault({ fault: 'halt', cid: IBM, seconds: 120 })
    await world.pass(125)
    await world.flowing()
  },
  expect({ log, recorded }) {
    expect(log.filter(({ text }) => text === 'silent stream')).toEqual([])
    const halts = (recorded.get(`${IBM}_last`) ?? []).filter((tick) => (tick as { p?: number }).p === 0)
    expect(halts).toHaveLength(2)
  },
})
