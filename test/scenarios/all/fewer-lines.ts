import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'after a reconnect the account has two lines less for a while (10190)',
  causes: ['disconnected'],
  mayCause: ['no_line'],
  async play(world) {
    world.fault({ fault: 'lines', lines: 2, seconds: 30 })
    world.fault({ fault: 'cut' })
    await world.pass(75) // it is asked for again after a minute
    await world.flowing()
  },
})
