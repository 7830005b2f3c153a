import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the connection is lost five times in a row',
  causes: ['disconnected'],
  async play(world) {
    for (let i = 0; i < 5; i++) {
      world.fault({ fault: 'cut', how: i % 2 === 0 ? 'rst' : 'fin' })
      await world.pass(4)
    }
    await world.pass(10)
    await world.flowing()
  },
})
