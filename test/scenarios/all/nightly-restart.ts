import { expect } from '@jest/globals'
import { scenario as define, MNQ } from '../scenario.ts'

export const scenario = define({
  name: 'the gateway restarts at its time of the day and is away for four minutes',
  causes: ['daily_restart'],
  env: { IB_RESTART_TIME: '10:01 America/New_York' },
  clock: { start: '2026-11-24T15:00:00Z', rate: 30 },
  async play(world) {
    world.fault({ fault: 'restart', seconds: 240 })
    await world.pass(245)
    await world.flowing()
  },
  expect({ log, recorded }) {
    // That each is the market's is held of every scenario; here, that there were some of both, heard (message 99) and filled in (97, whose bits are the other way round).
    const quotes = recorded.get(`${MNQ}_bid_ask`) ?? []
    for (const own of [quotes.filter(({ bf }) => bf === true), quotes.filter(({ bf }) => bf !== true)])
      expect([own.some(({ bpl, aph }) => bpl && !aph), own.some(({ bpl, aph }) => aph && !bpl)]).toEqual([true, true])
    expect(log.some(({ text, facts }) => text === 'gateway' && (facts as { to: string }).to === 'restarting')).toBe(true)
  },
})
