import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'ten thousand ticks come within 100 ms',
  causes: [],
  clock: { start: '2026-11-24T15:00:00Z', rate: 1 },
  async play(world) {
    world.fault({ fault: 'burst', cid: IBM, ticks: 10_000, overMs: 100 })
    await world.pass(3)
    await world.flowing()
  },
})
