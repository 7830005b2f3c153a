import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway says nothing for half a minute, its socket open',
  causes: ['gateway_mute'],
  async play(world) {
    world.fault({ fault: 'mute', seconds: 30 })
    await world.pass(35)
    await world.flowing()
  },
})
