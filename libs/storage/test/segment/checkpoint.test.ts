import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeCheckpoint, emptyCheckpoint, encodeCheckpoint } from '../../src/segment/checkpoint.ts'

const checkpoint = {
  ...emptyCheckpoint({ spoolId: 'späti "1"', source: 'gateway' }, 'boot'),
  v: 3,
  seq: 7,
  newestStUs: 11,
  files: { 'events/2025-07-30.jsonl': 5 },
}

describe('a checkpoint file', () => {
  it('comes back as it was', () => {
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
  })

  it('property: is nothing when cut or changed anywhere', () => {
    const text = encodeCheckpoint(checkpoint)
    for (let cut = 0; cut < text.length; cut++) expect(decodeCheckpoint(text.slice(0, cut))).toBeUndefined()
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 2 }), (at, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + put.length)
        if (changed !== text) expect(decodeCheckpoint(changed)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    { ...checkpoint, files: { '../outside': 1 } },
    { ...checkpoint, files: { 'events/2025-07-30.jsonl': -1 } },
    { ...checkpoint, seq: 1.5 },
    { ...checkpoint, source: 'dream' as 'gateway' },
  ])('is nothing when its facts cannot be, though its sum is right (%#)', (wrong) => {
    expect(decodeCheckpoint(encodeCheckpoint(wrong))).toBeUndefined()
  })
})
