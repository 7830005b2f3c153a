import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ColumnBuffer } from '../../src/codec/columns.ts'
import { encodeTickJson } from '../../src/codec/json.ts'
import { decodeTickJsonGeneric } from '../../src/codec/json-generic.ts'
import { JsonScanner } from '../../src/codec/json-scan.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

/** What may follow a line: nothing, a little, or more than the scanner reads ahead, so that both its ways are taken. */
const AFTER = ['', '\n', 'x', ' ', '}', `\n${'{"ts":1753837634000000,"st":17'.repeat(30)}`, '\0'.repeat(600), ',"bf":true}'.repeat(60)]

/** The tick at `from` and where it ends, as an object and as a row. */
function scanned(bytes: Uint8Array, from: number): { tick: TickMessage | undefined; end: number } {
  const scanner = new JsonScanner(bytes)
  const tick = scanner.tickAt(from)
  const { end } = scanner
  const columns = new ColumnBuffer(1)
  expect(scanner.rowAt(from, columns)).toBe(tick !== undefined)
  expect(columns.length).toBe(tick === undefined ? 0 : 1)
  if (tick) expect([tickOfRow(columns, 0), scanner.end]).toEqual([tick, end])
  return { tick, end }
}

describe('JsonScanner', () => {
  it('property: reads the very tick, key for key, and says where it ends, whatever stands around it', () => {
    fc.assert(
      fc.property(arbitraryTick, fc.string({ maxLength: 5 }), fc.constantFrom(...AFTER), (tick, before, after) => {
        const line = encodeTickJson(tick)
        const bytes = Buffer.from(`${before}${line}${after}`)
        const found = scanned(bytes, Buffer.byteLength(before))
        if (found.tick === undefined) return
        expect(found.end).toBe(bytes.length - after.length)
        expect(JSON.stringify(found.tick)).toBe(line)
      }),
      { numRuns: 3000 },
    )
  })

  it('is sure of the ticks that IB sends', () => {
    const core = { ts: 1_753_837_634_000_000, st: 1_753_837_634_777_542, cid: 711280073, rid: 1248241088 }
    const ticks: TickMessage[] = [
      { ...core, tt: 'bid_ask', bp: 23_477.5, bs: 6, ap: 23_478, as: 5 },
      { ...core, tt: 'bid_ask', bp: -1, ap: 0, bpl: true, aph: true, bf: true },
      { ...core, tt: 'last', p: 182.0001, s: 0, ex: 'NASDAQ', sc: ' F I', upt: true, pl: true },
      { ...core, tt: 'all_last', p: 1.1 },
      { ...core, tt: 'mid_point', mp: 100.125 },
    ]
    for (const tick of ticks) for (const after of AFTER) expect(scanned(Buffer.from(encodeTickJson(tick) + after), 0).tick).toEqual(tick)
  })

  it('property: of a line that was cut or changed anywhere it takes nothing that the twin does not take', () => {
    const change = fc.record({
      at: fc.nat(200),
      drop: fc.nat(3),
      put: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('1', '0', '-', '.5', 'e9', '"', ',', ':', '}', '\\', 'é', '\0')),
    })
    fc.assert(
      fc.property(arbitraryTick, change, fc.constantFrom(...AFTER), (tick, { at, drop, put }, after) => {
        const line = encodeTickJson(tick)
        const place = at % (line.length + 1)
        for (const odd of [line.slice(0, place), line.slice(0, place) + put + line.slice(place + drop)]) {
          const bytes = Buffer.from(odd + after)
          const found = scanned(bytes, 0)
          if (found.tick) expect(found.tick).toEqual(decodeTickJsonGeneric(bytes.toString('utf8', 0, found.end)))
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('property: gives the stamps of a line, or is unsure', () => {
    fc.assert(
      fc.property(arbitraryTick, fc.nat(60), fc.constantFrom('', '0', '1', 'e', '"'), (tick, at, put) => {
        const line = encodeTickJson(tick)
        const scanner = new JsonScanner(Buffer.from(`${line}\n`))
        if (tick.ts >= 1e15 && tick.st >= 1e15) expect(scanner.stampsAt(0)).toBe(true)
        if (scanner.stampsAt(0)) expect([scanner.ts, scanner.st]).toEqual([tick.ts, tick.st])
        const odd = line.slice(0, at) + put + line.slice(at + 1)
        const changed = new JsonScanner(Buffer.from(odd))
        if (!changed.stampsAt(0)) return
        const [, ts, st] = /^\{"ts":(\d+),"st":(\d+),/.exec(odd) ?? []
        expect([changed.ts, changed.st]).toEqual([Number(ts), Number(st)])
      }),
      { numRuns: 3000 },
    )
  })

  it('takes no number for another that begins with the same digits, nor one place for another', () => {
    const numbers = [
      '1',
      '12',
      '1.5',
      '1.50',
      '-1.5',
      '12.25',
      '123456.78',
      '123456.789',
      '1234567890.1',
      '12345678901234',
      '0',
      '-0',
      '0.5',
    ]
    for (let round = 0; round < 2; round++)
      for (const bp of numbers)
        for (const as of numbers) {
          const line = `{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"bid_ask","rid":0,"bp":${bp},"as":${as}}`
          expect(scanned(Buffer.from(line), 0).tick).toMatchObject({ bp: Number(bp), as: Number(as) })
        }
    for (const odd of ['01', '1.', '.5', '-', '+1', '1e5', '1E5', '1.5e1', '1234567890123456', '0x1', 'NaN', '1_0', '']) {
      const line = `{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"bid_ask","rid":0,"bp":${odd},"as":1}`
      expect(scanned(Buffer.from(line), 0).tick).toBeUndefined()
    }
  })

  it('tells one exchange from the next, also where they have the same length', () => {
    const trade = { ts: 1_753_837_634_000_000, st: 1_753_837_634_000_001, cid: 1, tt: 'last' as const, rid: 1, p: 1 }
    for (const ex of ['ARCA', 'EDGX', 'ARCA', '', 'X', 'ARCB'])
      expect(scanned(Buffer.from(encodeTickJson({ ...trade, ex })), 0).tick).toEqual({ ...trade, ex })
  })

  it('leaves a line that is not ASCII, or longer than any of ours, to the twin', () => {
    const core = { ts: 1_753_837_634_000_000, st: 1_753_837_634_000_001, cid: 1, tt: 'last' as const, rid: 1, p: 1 }
    for (const ex of ['é', '€', 'ı', 'x'.repeat(200), '\\', '"'])
      expect(scanned(Buffer.from(`${JSON.stringify({ ...core, ex })}\n`), 0).tick).toBeUndefined()
  })
})
