import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the connection is reset between two frames',
  causes: ['disconnected'],
  async play(world) {
    world.fault({ fault: 'cut', how: 'rst', where: 'frame' })
    await world.pass(10)
    await world.flowing()
  },
})
