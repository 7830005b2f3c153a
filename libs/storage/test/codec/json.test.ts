import { codeOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeTickJson, scanTickJson } from '../../src/codec/json.ts'
import { decodeTickJsonGeneric, encodeTickJsonGeneric } from '../../src/codec/json-generic.ts'
import { encodeTickJson, encodeTicksJson } from '../../src/codec/json-writer.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

const PRINTED =
  '{"ts":1753837634000000,"st":1753837634777542,"cid":711280073,"tt":"bid_ask","rid":1248241088,"bp":23477.5,"bs":6,"ap":23478,"as":5}'

/** What a decoder makes of a line: the tick, or its typed error. */
function answerOf(decode: (line: string) => unknown, line: string): unknown {
  try {
    return decode(line)
  } catch (error) {
    return { code: codeOf(error), facts: (error as { facts: unknown }).facts }
  }
}

describe('JSON lines', () => {
  it('spells the tick of the format page in its 131 bytes', () => {
    const tick = decodeTickJson(PRINTED)
    expect(PRINTED).toHaveLength(131)
    expect(encodeTickJson(tick)).toBe(PRINTED)
    expect(scanTickJson(PRINTED)).toEqual(tick)
  })

  it('property: the fast encoder spells every tick as its twin does', () => {
    fc.assert(
      fc.property(arbitraryTick, (tick) => expect(encodeTickJson(tick)).toBe(encodeTickJsonGeneric(tick))),
      { numRuns: 2000 },
    )
  })

  it('property: many ticks at once are their lines', () => {
    fc.assert(
      fc.property(fc.array(arbitraryTick, { maxLength: 20 }), (ticks) => {
        expect(Buffer.from(encodeTicksJson(ticks)).toString()).toBe(ticks.map((tick) => `${encodeTickJsonGeneric(tick)}\n`).join(''))
      }),
    )
    const long = Array.from({ length: 2000 }, (_, n) => ({ ...decodeTickJson(PRINTED), st: 1e15 + n, bp: n / 7, as: n / 1000 }))
    expect(Buffer.from(encodeTicksJson(long)).toString()).toBe(long.map((tick) => `${JSON.stringify(tick)}\n`).join(''))
  })

  it('property: numbers are spelled as JSON.stringify spells them', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -(10 ** 7), max: 10 ** 7 }).map((n) => n / 10_000),
      fc.integer().map((n) => n / 100),
      fc.constantFrom(0, 1e-7, 1e-6, 0.1 + 0.2, 1e9, 999_999_999.9999, 1e21, 5e-324, 0.3, 1.005, 4_294_967_295.5),
    )
    fc.assert(
      fc.property(number, (mp) => {
        const tick = { ts: 1e15, st: 1e15, cid: 1, tt: 'mid_point', rid: 0, mp } as const
        expect(encodeTickJson(tick)).toBe(JSON.stringify(tick))
      }),
      { numRuns: 5000 },
    )
  })

  it('property: a tick comes back as it was, from both decoders', () => {
    fc.assert(
      fc.property(arbitraryTick, (tick) => {
        const line = encodeTickJson(tick)
        expect(decodeTickJson(line)).toEqual(tick)
        expect(decodeTickJsonGeneric(line)).toEqual(tick)
        expect(Object.keys(decodeTickJson(line))).toEqual(Object.keys(decodeTickJsonGeneric(line)))
      }),
      { numRuns: 2000 },
    )
  })

  it('property: a line cut or changed anywhere has the same answer from both decoders', () => {
    const change = fc.record({
      at: fc.nat(200),
      drop: fc.nat(3),
      put: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('1', '0', '-', '.5', 'e9', '"', ',', ':', '}', '\\', 'é')),
    })
    fc.assert(
      fc.property(arbitraryTick, change, (tick, { at, drop, put }) => {
        const line = encodeTickJson(tick)
        const place = at % (line.length + 1)
        for (const odd of [line.slice(0, place), line.slice(0, place) + put + line.slice(place + drop)]) {
          expect(answerOf(decodeTickJson, odd)).toEqual(answerOf(decodeTickJsonGeneric, odd))
        }
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['floats as Python writes them', '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"bid_ask","rid":0,"bp":23260.0,"bs":6.0}'],
    ['another order of keys', '{"cid":1,"tt":"mid_point","mp":1,"rid":0,"st":1753837634777542,"ts":1753837634000000}'],
    ['white space', ' { "ts" : 1753837634000000, "st":1753837634777542,"cid":1,"tt":"mid_point","mp":1,"rid":0} '],
    ['a carriage return', `${PRINTED}\r`],
    ['exponents', '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"mid_point","rid":0,"mp":1.5e-7}'],
    ['false flags', '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"mid_point","rid":0,"mp":1,"bf":false}'],
    ['seventeen digits', '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"mid_point","rid":0,"mp":0.12345678901234567}'],
    [
      'letters whose lowest byte is a digit',
      '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"last","rid":0,"p":1,"ex":"ı\u0131"}',
    ],
    [
      'a text longer than any of ours',
      `{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"last","rid":0,"p":1,"ex":"${'é'.repeat(400)}"}`,
    ],
    ['doubled keys', '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"mid_point","rid":0,"mp":1,"mp":2}'],
  ])('reads %s', (_, line) => {
    expect(decodeTickJson(line)).toEqual(decodeTickJsonGeneric(line))
    expect(Object.keys(decodeTickJson(line)).slice(0, 5)).toEqual(['ts', 'st', 'cid', 'tt', 'rid'])
  })

  it('does not take a letter for the digit that its lowest byte is', () => {
    const line = PRINTED.replace('"bs":6', '"bs":\u0136')
    expect(answerOf(decodeTickJson, line)).toMatchObject({ code: 'IBS_STORAGE_TICK_INVALID' })
  })

  it('names field, value and rule of what is no tick', () => {
    const line = PRINTED.replace('"rid":1248241088', '"rid":2248241088')
    expect(answerOf(decodeTickJson, line)).toMatchObject({ code: 'IBS_STORAGE_TICK_INVALID', facts: { field: 'rid', value: 2248241088 } })
    expect(answerOf(decodeTickJson, PRINTED.replace('}', ',"x":1}'))).toMatchObject({
      facts: { field: 'x', value: 1, rule: 'no such field in v3' },
    })
    expect(answerOf(decodeTickJson, 'nonsense')).toMatchObject({ code: 'IBS_STORAGE_TICK_INVALID', facts: { field: '-' } })
  })
})
