import { codeOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeTickProto } from '../../src/codec/proto.ts'
import { MAX_RECORD_BYTES } from '../../src/codec/record-limit.ts'
import { LineSplitter } from '../../src/codec/split-lines.ts'
import { VarintSplitter } from '../../src/codec/split-varint.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

/** Feeds bytes in pieces through one buffer that is written to again and again, as a reader does. */
function feed(splitter: LineSplitter | VarintSplitter, bytes: Uint8Array, pieceBytes: number): Buffer {
  const chunk = Buffer.alloc(pieceBytes)
  const blocks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const length = Math.min(pieceBytes, bytes.length - at)
    chunk.set(bytes.subarray(at, at + length))
    blocks.push(Buffer.from(splitter.push(chunk.subarray(0, length))))
  }
  return Buffer.concat(blocks)
}

describe('splitters', () => {
  it('property: lines in pieces of any size come out whole, and the torn tail is counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '"') })),
        fc.string({ unit: fc.constantFrom('x', 'y') }),
        fc.integer({ min: 1, max: 20 }),
        (lines, tail, pieceBytes) => {
          const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const splitter = new LineSplitter()
          expect(feed(splitter, Buffer.concat([whole, Buffer.from(tail)]), pieceBytes)).toEqual(whole)
          expect(splitter.tornBytes).toBe(tail.length)
        },
      ),
    )
  })

  it('property: records in pieces of any size come out whole, and the torn tail is counted', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryTick, { maxLength: 5 }),
        arbitraryTick,
        fc.nat(),
        fc.integer({ min: 1, max: 200 }),
        (ticks, last, cut, pieceBytes) => {
          const whole = Buffer.concat(ticks.map((tick) => encodeTickProto(tick)))
          const torn = encodeTickProto(last)
          const tail = torn.subarray(0, cut % torn.length)
          const splitter = new VarintSplitter()
          expect(feed(splitter, Buffer.concat([whole, tail]), pieceBytes)).toEqual(whole)
          expect(splitter.tornBytes).toBe(tail.length)
        },
      ),
    )
  })

  it('refuse what never ends instead of swallowing the rest', () => {
    const endless = new Uint8Array(MAX_RECORD_BYTES + 1).fill(97)
    for (const push of [() => new LineSplitter().push(endless), () => new VarintSplitter().push(new Uint8Array(8).fill(0xff))]) {
      expect(codeThrownBy(push)).toBe('IBS_STORAGE_RECORD_TOO_LONG')
    }
  })
})

function codeThrownBy(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    return codeOf(error)
  }
  return undefined
}
