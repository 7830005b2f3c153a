import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway loses IB (1100, five times) and has it back with its requests (1102)',
  causes: ['connectivity_lost'],
  async play(world) {
    world.fault({ fault: 'connectivity', times: 5, end: '1102', seconds: 20 })
    await world.pass(25)
    await world.flowing()
  },
})
