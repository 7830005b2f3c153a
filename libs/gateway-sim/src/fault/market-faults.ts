import { secondsToUs, US_PER_MS } from '../clock.ts'
import { faultKind } from './fault-kind.ts'
import { integerField, numberField, secondsField } from './fields.ts'

const cidField = integerField('contract id', 1, 2 ** 31 - 1)

/** Not a fault of the gateway: what a market does. Live and history have it alike. */
export const halt = faultKind({
  ofMarket: true,
  doc: 'a contract is halted: a trade of 0/0 past limit, nothing, and another 0/0 when it trades again',
  fields: { cid: cidField, seconds: secondsField(300) },
  start(target, { cid }) {
    const resume = target.marketEvents?.halt(cid, target.clock.wallUs())
    target.house.tape.wake()
    return () => {
      resume?.(target.clock.wallUs())
      target.house.tape.wake()
    }
  },
})

export const burst = faultKind({
  ofMarket: true,
  doc: 'a contract has many ticks within a short time, in addition to what it has anyway',
  fields: {
    cid: cidField,
    ticks: integerField('how many quotes and trades together', 1, 1_000_000, 50_000),
    overMs: numberField('within how many ms of the clock', 1, 60_000, 100),
  },
  start(target, { cid, ticks, overMs }) {
    target.marketEvents?.burst(cid, { startUs: target.clock.wallUs() + LEAD_US, ticks, lengthUs: overMs * US_PER_MS })
    target.house.tape.wake()
    return undefined
  },
})

/** The tape may be a little ahead of the clock by what it has made already. */
const LEAD_US = secondsToUs(0.02)
