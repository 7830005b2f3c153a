import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'after a reconnect IB refuses one contract for a while (10189), the others go on',
  causes: ['disconnected'],
  mayCause: ['refused'],
  clock: { start: '2026-11-24T15:00:00Z', rate: 60 },
  async play(world) {
    world.fault({ fault: 'deny', code: '10189', cid: IBM, seconds: 60 })
    world.fault({ fault: 'cut' })
    await world.pass(930) // it is asked for again after a quarter of an hour
    await world.flowing()
  },
})
