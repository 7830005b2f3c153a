import { describe, expect, it } from '@jest/globals'
import { logTimeAt } from '../src/log-time.ts'

const ST = 1_753_837_634_777_542
const line = (st: number) => `{"ts":1753837634000000,"st":${st},"cid":8314,"tt":"last","rid":1,"p":1,"s":1}\n`
const message = (subject: string, text: string, batch?: { k: number; n: number }) => ({
  seq: 9,
  subject,
  payload: Buffer.from(text),
  ...(batch && { batch }),
})

describe('logTimeAt', () => {
  it('is the newest stamp of a message of ticks, and of what ends a batch', () => {
    const lines = line(ST) + line(ST + 7) + line(ST + 3)
    expect(logTimeAt(message('ticks.9.8314.last', lines))).toBe(ST + 7)
    expect(logTimeAt(message('ticks.9.8314.last', lines, { k: 3, n: 3 }))).toBe(ST + 7)
  })

  it('is not known inside a batch: the rest of it may be older', () => {
    expect(logTimeAt(message('ticks.9.8314.last', line(ST), { k: 2, n: 3 }))).toBe(0)
  })

  it('is the stamp of a recorder event, but not of one that was made for a lost message', () => {
    expect(logTimeAt(message('ib.events.gap', `{"kind":"gap","st":${ST}}\n`))).toBe(ST)
    expect(logTimeAt(message('ib.events.lost', `{"kind":"lost","st":${ST}}\n`))).toBe(0)
    expect(logTimeAt(message('ib.events.gap', '{}\n'))).toBe(0)
  })

  it('is not taken from what is no tick', () => {
    expect(logTimeAt(message('ticks.9.8314.last', `{"st":${ST}}\n`))).toBe(0)
    expect(logTimeAt(message('ticks.9.265598.last', line(ST)))).toBe(0)
  })
})
