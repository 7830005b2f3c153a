import { describe, expect, it } from '@jest/globals'
import { parseReplayLine } from '../../../src/market/replay/replay-line.ts'

describe('parseReplayLine', () => {
  it('keeps an unset side unset, and 0 and -1 as they are', () => {
    const { tick, stUs } = parseReplayLine('{"ts":1000000,"st":1000001,"cid":1,"tt":"bid_ask","rid":0,"bp":-1,"bs":0,"as":0.5,"aph":true}')
    expect(stUs).toBe(1000001)
    expect(tick).toEqual({
      kind: 'bid_ask',
      conId: 1,
      tsUs: 1000000,
      bid: -1,
      bidSize: 0,
      ask: undefined,
      askSize: 0.5,
      bidPastLow: false,
      askPastHigh: true,
    })
  })

  it.each([
    ['[]', 'cid is missing'],
    ['null', 'not an object'],
    ['{"cid":1,"ts":1,"st":1,"tt":"AllLast"}', 'tt is "AllLast"'],
    ['{"cid":1,"ts":1,"st":1,"tt":"last","p":"5"}', 'p is "5", not a number'],
    ['{"cid":1,"ts":1,"st":1,"tt":"mid_point"}', 'mp is missing'],
    ['{"cid":1,"ts":1,"tt":"mid_point","mp":1}', 'st is missing'],
  ])('says what is wrong with %s', (line, why) => {
    expect(() => parseReplayLine(line)).toThrow(why)
  })
})
