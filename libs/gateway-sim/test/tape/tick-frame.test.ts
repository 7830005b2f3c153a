import { expect, it } from '@jest/globals'
import type { QuoteTick, Tick, TradeTick } from '../../src/market/tick.ts'
import { tickFrame, tickFrameTail } from '../../src/tape/tick-frame.ts'
import { truthLine, truthTail } from '../../src/tape/truth-line.ts'

const base = { conId: 8314, tsUs: 1_753_837_634_000_000 }
const trade: TradeTick = {
  kind: 'all_last',
  ...base,
  price: 180.5,
  size: 0.25,
  pastLimit: false,
  unreported: true,
  exchange: 'FINRA',
  conditions: ' F "I',
}
const quote: QuoteTick = {
  kind: 'bid_ask',
  ...base,
  bid: undefined,
  bidSize: undefined,
  ask: -1,
  askSize: 0,
  bidPastLow: true,
  askPastHigh: true,
}

const wire = (tick: Tick) => tickFrame(7, tickFrameTail(tick.kind, tick)).replaceAll('\0', '|')
const truth = (tick: Tick) => truthLine(tick.kind, 7, tick, truthTail(tick))

it('writes message 99 with whole seconds, masks, and unset fields empty', () => {
  expect(wire(trade)).toBe('99|7|2|1753837634|180.5|0.25|2|FINRA| F "I|')
  expect(wire({ ...trade, kind: 'last', pastLimit: true, unreported: false, size: undefined })).toBe(
    '99|7|1|1753837634|180.5||1|FINRA| F "I|',
  )
  expect(wire(quote)).toBe('99|7|3|1753837634||-1||0|3|')
  expect(wire({ ...quote, bid: 180, bidSize: 3, bidPastLow: false })).toBe('99|7|3|1753837634|180|-1|3|0|2|')
  expect(wire({ kind: 'mid_point', ...base, mid: 180.015 })).toBe('99|7|4|1753837634|180.015|')
})

it('writes the truth with v3 keys in v3 order, unset and false left out', () => {
  expect(truth(trade)).toBe(
    '{"ts":1753837634000000,"cid":8314,"tt":"all_last","rid":7,"p":180.5,"s":0.25,"ex":"FINRA","sc":" F \\"I","upt":true}\n',
  )
  expect(truth(quote)).toBe('{"ts":1753837634000000,"cid":8314,"tt":"bid_ask","rid":7,"ap":-1,"as":0,"bpl":true,"aph":true}\n')
  expect(truth({ kind: 'mid_point', ...base, mid: 180.015 })).toBe(
    '{"ts":1753837634000000,"cid":8314,"tt":"mid_point","rid":7,"mp":180.015}\n',
  )
})
