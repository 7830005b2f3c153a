import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type DeltaShape, decodeDelta, encodeDelta } from '../../src/parquet/delta.ts'

const SHAPES: fc.Arbitrary<DeltaShape> = fc.record({
  block: fc.constantFrom(128, 512, 1024),
  miniblocks: fc.constantFrom(2, 4),
  widths: fc.constantFrom('each', 'same'),
  unitBits: fc.constantFrom(1, 8),
})

/** Whole numbers of which the largest differences have so many bits. */
const values: fc.Arbitrary<Float64Array> = fc
  .tuple(
    fc.integer({ min: 0, max: 50 }),
    fc.nat(2 ** 31 - 1),
    fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 700 }),
  )
  .map(([bits, first, parts]) => Float64Array.from(parts, (part) => first + Math.floor(part * 2 ** bits)))

describe('delta', () => {
  it('property: gives back values of any width, in bits and in bytes', () => {
    fc.assert(
      fc.property(values, SHAPES, (wanted, shape) => {
        const out = new Float64Array(wanted.length)
        decodeDelta(encodeDelta(wanted, shape), out)
        expect(out).toEqual(wanted)
      }),
      { numRuns: 500 },
    )
  })

  it('property: bytes that end early, or are changed, end in a RangeError or in numbers', () => {
    fc.assert(
      fc.property(values, SHAPES, fc.nat(), fc.nat(255), (given, shape, place, byte) => {
        const bytes = Uint8Array.from(encodeDelta(given, shape))
        const at = place % bytes.length
        expect(() => decodeDelta(bytes.subarray(0, at), new Float64Array(given.length + 1))).toThrow(RangeError)
        bytes[at] = byte
        try {
          decodeDelta(bytes, new Float64Array(given.length))
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('packs the lowest bits first, as the format prints it', () => {
    // the second example of Parquet's page of encodings, in a block as large as the format asks for
    const bytes = encodeDelta(Float64Array.of(7, 5, 3, 1, 2, 3, 4, 5), { block: 128, miniblocks: 4, widths: 'each', unitBits: 1 })
    const [least, width] = [3, 2] // −2 as zigzag; the differences −2, −2, −2, 1, 1, 1, 1 above it are 0, 0, 0, 3, 3, 3, 3
    expect([...bytes.subarray(0, 12)]).toEqual([0x80, 1, 4, 8, 14, least, width, 0, 0, 0, 0b11_00_00_00, 0b00_11_11_11])
    expect(bytes.length).toBe(10 + 32 / 4)
  })
})
