import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'ingest is stopped and started again',
  causes: ['ingest_down'],
  async play(world) {
    await world.ingest.stop()
    await world.pass(20)
    world.ingest.start()
    await world.flowing()
  },
})
