import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'somebody logs in elsewhere and has the market data for half a minute',
  causes: ['competing_session'],
  async play(world) {
    world.fault({ fault: 'competing', seconds: 30 })
    await world.pass(40)
    await world.flowing()
  },
})
