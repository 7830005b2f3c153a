import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway is half a minute behind for a while',
  causes: [],
  marketDiffers: true,
  async play(world) {
    world.fault({ fault: 'clock', offsetSeconds: -30, of: 'both', seconds: 30 })
    await world.pass(35)
    await world.flowing()
  },
})
