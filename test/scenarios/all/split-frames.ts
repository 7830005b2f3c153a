import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'every frame comes in pieces of three bytes',
  causes: [],
  async play(world) {
    world.fault({ fault: 'split', seconds: 30, bytes: 3 })
    await world.pass(35)
    await world.flowing()
  },
})
