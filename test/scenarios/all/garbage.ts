import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'bytes come that are no frame: a negative length',
  causes: ['disconnected'],
  async play(world) {
    world.fault({ fault: 'garbage', hex: 'fffffffc0000000000000000' })
    await world.pass(10)
    await world.flowing()
  },
})
