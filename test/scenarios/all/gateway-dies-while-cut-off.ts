import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway loses IB, and then its connection, before it is back: one hole from the first',
  causes: ['connectivity_lost'],
  async play(world) {
    world.fault({ fault: 'connectivity', times: 3, end: '1102', seconds: 20 })
    await world.pass(8)
    world.fault({ fault: 'cut', how: 'rst' })
    await world.pass(25)
    await world.flowing()
  },
})
