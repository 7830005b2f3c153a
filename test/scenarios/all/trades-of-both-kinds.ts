import { expect } from '@jest/globals'
import { scenario as define, IBM } from '../scenario.ts'

export const scenario = define({
  name: 'last and all_last of one contract are missed together, and filled from the same pages of history',
  causes: ['disconnected'],
  tracked: `${IBM}:IBM:last;all_last`,
  async play(world) {
    world.fault({ fault: 'cut' })
    await world.pass(20)
    await world.flowing()
  },
  expect({ events }) {
    const fills = events.filter(({ kind, cause }) => kind === 'backfill' && cause !== 'ingest_down')
    expect(fills.map(({ tt, state }) => `${String(tt)} ${String(state)}`).sort()).toEqual(['all_last filled', 'last filled'])
    // IB's history has no trades that were not reported; of the live ticks only all_last has them.
    expect(fills.map(({ tt, lacks }) => `${String(tt)} ${String(lacks)}`).sort()).toEqual(['all_last unreported', 'last undefined'])
    expect(new Set(fills.map(({ pages }) => pages)).size).toBe(1)
    const pages = events.filter(({ kind }) => kind === 'backfill_page').map(({ tt }) => tt)
    for (let i = 0; i < pages.length; i += 2) expect(new Set(pages.slice(i, i + 2)).size).toBe(2) // one page of IB, both streams
  },
})
