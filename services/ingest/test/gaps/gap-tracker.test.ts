import { describe, expect, it } from '@jest/globals'
import { GapTracker } from '../../src/gaps/gap-tracker.ts'

const stream = { cid: 265598, tt: 'last', rid: 7 } as const

describe('GapTracker', () => {
  it('gives a gap once, from its first opening', () => {
    const gaps = new GapTracker()
    gaps.open(stream, { fromUs: 10, cause: 'disconnected', reason: 'first' })
    gaps.open(stream, { fromUs: 20, cause: 'disconnected', reason: 'second' })
    expect(gaps.close(stream, 30)).toEqual({ cid: 265598, tt: 'last', fromUs: 10, toUs: 30, cause: 'disconnected', reason: 'first' })
    expect(gaps.close(stream, 40)).toBeUndefined()
  })
})
