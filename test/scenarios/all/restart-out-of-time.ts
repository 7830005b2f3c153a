import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway restarts when nobody expects it',
  causes: ['disconnected'],
  env: { IB_RESTART_TIME: '23:45 America/New_York' },
  async play(world) {
    world.fault({ fault: 'restart', seconds: 60, how: 'rst' })
    await world.pass(65)
    await world.flowing()
  },
})
