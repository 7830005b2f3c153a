import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeFrame, FrameBatch, FrameSplitter, fieldsOf, WireError } from '../../src/wire/frame.ts'
import { greeting } from '../client/raw-client.ts'

const field = fc.string().map((text) => text.replaceAll('\0', ''))
const messages = fc.array(fc.array(field, { minLength: 1 }), { maxLength: 8 })

describe('FrameSplitter', () => {
  it('finds the same messages when the stream is cut at any byte', () => {
    const stream = Buffer.concat([greeting('v100..193'), encodeFrame([71, 2, 1, '']), encodeFrame(['é', '']), encodeFrame(['97'])])
    for (let cut = 0; cut <= stream.length; cut++) {
      const splitter = new FrameSplitter('API\0')
      const payloads = [...splitter.push(stream.subarray(0, cut)), ...splitter.push(stream.subarray(cut))]
      expect(payloads.map((payload) => payload.toString())).toEqual(['v100..193', '71\x002\x001\0\0', 'é\0\0', '97\0'])
    }
  })

  it('property: any messages in any chunks come out as they went in', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, chunkBytes) => {
        const stream = Buffer.concat([Buffer.from('API\0'), ...sent.map(encodeFrame)])
        const splitter = new FrameSplitter('API\0')
        const received: string[][] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const bytes = chunkBytes[i % chunkBytes.length] ?? 1
          received.push(...splitter.push(stream.subarray(at, at + bytes)).map(fieldsOf))
          at += bytes
        }
        expect(received).toEqual(sent)
      }),
    )
  })

  it('refuses another prefix at its first wrong byte', () => {
    expect(() => new FrameSplitter('API\0').push(Buffer.from('63\0'))).toThrow(WireError)
    expect(() => new FrameSplitter('API\0').push(Buffer.from('AP'))).not.toThrow()
  })

  it('refuses a bogus length at once instead of waiting for its bytes', () => {
    const splitter = new FrameSplitter('')
    expect(() => splitter.push(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toThrow('2147483647')
  })
})

describe('FrameBatch', () => {
  it('gives many frames as one buffer, and a fresh one after it was taken', () => {
    const batch = new FrameBatch()
    const texts = Array.from({ length: 500 }, (_, i) => `99\0${i}\0é\0`)
    for (const text of texts) batch.append(text)
    const first = batch.take()
    batch.append('later\0')
    expect(new FrameSplitter('').push(first).map((payload) => payload.toString())).toEqual(texts)
    expect(new FrameSplitter('').push(batch.take()).map((payload) => payload.toString())).toEqual(['later\0'])
    expect(batch.bytes).toBe(0)
  })
})
