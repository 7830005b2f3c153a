import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'a farm comes back and its streams do not',
  causes: ['farm_broken'],
  async play(world) {
    world.fault({ fault: 'farm', farm: 'usfarm', seconds: 10, flow: 'silent' })
    await world.pass(60)
    await world.flowing()
  },
})
