import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway says that its server is broken (2110), and is back (1102)',
  causes: ['connectivity_lost'],
  async play(world) {
    world.fault({
      fault: 'notice',
      code: 2110,
      text: 'Connectivity between Trader Workstation and server is broken. It will be restored automatically.',
    })
    await world.pass(10)
    world.fault({
      fault: 'notice',
      code: 1102,
      text: 'Connectivity between IB and Trader Workstation has been restored - data maintained.',
    })
    await world.flowing()
  },
})
