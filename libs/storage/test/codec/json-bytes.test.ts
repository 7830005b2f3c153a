import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeTickJson, scanTickJson } from '../../src/codec/json.ts'
import { scannedTo, scanTickBytes } from '../../src/codec/json-bytes.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

describe('scanTickBytes', () => {
  it('property: reads what its twin reads, key for key, and says where it ended, whatever stands around it', () => {
    fc.assert(
      fc.property(arbitraryTick, fc.string({ maxLength: 5 }), fc.constantFrom('', '\n', 'x', ' ', '}'), (tick, before, after) => {
        const line = encodeTickJson(tick)
        const bytes = Buffer.from(`${before}${line}${after}`)
        const from = Buffer.byteLength(before)
        const wanted = scanTickJson(line, 0, line.length)
        const found = scanTickBytes(bytes, from)
        expect(found).toEqual(wanted)
        expect(Object.keys(found ?? {})).toEqual(Object.keys(wanted ?? {}))
        if (found) expect(scannedTo()).toBe(bytes.length - after.length)
      }),
      { numRuns: 3000 },
    )
  })

  it('property: of a line that was cut or changed anywhere it takes no more than its twin, and then the same', () => {
    const change = fc.record({
      at: fc.nat(200),
      drop: fc.nat(3),
      put: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('1', '0', '-', '.5', 'e9', '"', ',', ':', '}', '\\', 'é', '\0')),
    })
    fc.assert(
      fc.property(arbitraryTick, change, (tick, { at, drop, put }) => {
        const line = encodeTickJson(tick)
        const place = at % (line.length + 1)
        for (const odd of [line.slice(0, place), line.slice(0, place) + put + line.slice(place + drop)]) {
          const bytes = Buffer.from(odd)
          const found = scanTickBytes(bytes, 0)
          // Behind the closing brace anything may stand for it; its twin is given an end.
          if (found && scannedTo() === bytes.length) expect(found).toEqual(scanTickJson(odd, 0, odd.length))
          else if (!found) expect(scanTickJson(odd, 0, odd.length)).toBeUndefined()
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('tells one exchange from the next, also where they have the same length', () => {
    const trade = { ts: 1_753_837_634_000_000, st: 1_753_837_634_000_001, cid: 1, tt: 'last' as const, rid: 1, p: 1 }
    for (const ex of ['ARCA', 'EDGX', 'ARCA', '', 'X', 'ARCB'])
      expect(scanTickBytes(Buffer.from(encodeTickJson({ ...trade, ex })), 0)).toEqual({ ...trade, ex })
  })
})
