import { waitFor } from '../../support/wait-for.ts'
import { scenario as define } from '../scenario.ts'

export const scenario = define({
  name: 'NATS is killed and comes back: the spool keeps everything',
  causes: [],
  async play(world) {
    const { program } = world.ingest.nats
    await program.kill()
    await world.pass(20)
    program.start()
    await waitFor('the bus is back', () => world.ingest.part('publisher')?.state === 'sending' && world.bus.state === 'connected')
    await world.flowing()
  },
})
