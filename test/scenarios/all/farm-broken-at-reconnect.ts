import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the connection is made anew while a market data farm is broken',
  causes: ['disconnected'],
  mayCause: ['farm_broken'],
  async play(world) {
    world.fault({ fault: 'farm', farm: 'usfuture', seconds: 60 })
    await world.pass(5)
    world.fault({ fault: 'cut' })
    await world.pass(70)
    await world.flowing()
  },
})
