import { describe, expect, it } from '@jest/globals'
import { hash31 } from '../src/request-id.ts'

describe('hash31', () => {
  it.each([
    [711280073, 'bid_ask', 1248241088],
    [265598, 'bid_ask', 942886927],
  ] as const)('of %i and %s is the published vector', (cid, tt, rid) => {
    expect(hash31(cid, tt)).toBe(rid)
  })
})
