import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the connection ends in the middle of a frame',
  causes: ['disconnected'],
  async play(world) {
    world.fault({ fault: 'cut', how: 'fin', where: 'mid-frame' })
    await world.pass(10)
    await world.flowing()
  },
})
