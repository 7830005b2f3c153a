import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway does not answer heartbeats, but ticks come',
  causes: [],
  async play(world) {
    world.fault({ fault: 'deaf', request: 49, seconds: 60 })
    await world.pass(65)
    await world.flowing()
  },
})
