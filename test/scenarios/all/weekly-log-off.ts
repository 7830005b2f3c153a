import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway is logged off until somebody logs in',
  causes: ['disconnected'],
  async play(world) {
    const fault = world.fault({ fault: 'logoff' })
    await world.pass(90)
    fault.lift()
    await world.flowing()
  },
})
