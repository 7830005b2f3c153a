import { askForStream } from '@ib-stream/bus'
import { expect } from '@jest/globals'
import { scenario as define } from '../scenario.ts'

const AAPL = 265598

export const scenario = define({
  name: 'a stream is given back and IB goes on sending it for a while',
  causes: [],
  unwanted: [`${AAPL}_last`],
  async play(world) {
    await askForStream(world.bus, { cid: AAPL, tt: 'last' })
    await world.ingest.ticks(AAPL, 'last')
    world.fault({ fault: 'after-cancel', seconds: 60, goOnSeconds: 10 })
    await world.pass(45)
    await world.flowing()
  },
  expect({ events, recorded, log }) {
    const ended = events.find(({ kind, cid, state }) => kind === 'subscription' && cid === AAPL && state === 'ended')
    const ticks = recorded.get(`${AAPL}_last`) ?? []
    expect(ticks.length).toBeGreaterThan(0)
    expect(ticks.every(({ st }) => st <= (ended?.st ?? 0))).toBe(true)
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  },
})
