import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { hourOf, isoFromUs, msFromUs, US_PER_HOUR, usFromMs, usFromSeconds } from '../src/time.ts'

describe('time', () => {
  it('writes all six digits, in UTC', () => {
    expect(isoFromUs(1_753_837_634_777_542)).toBe('2025-07-30T01:07:14.777542Z')
    expect(isoFromUs(0)).toBe('1970-01-01T00:00:00.000000Z')
  })

  it('property: the ISO form keeps every µs until 2255', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (us) => {
        const text = isoFromUs(us)
        expect(Date.parse(`${text.slice(0, 23)}Z`) * 1_000 + Number(text.slice(23, 26))).toBe(us)
      }),
    )
  })

  it('property: the hour holds its moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - US_PER_HOUR }), (us) => {
        expect(hourOf(us) <= us && us < hourOf(us) + US_PER_HOUR && hourOf(us) % US_PER_HOUR === 0).toBe(true)
      }),
    )
  })

  it('turns seconds and ms into µs and back', () => {
    expect(usFromSeconds(1_753_837_634)).toBe(1_753_837_634_000_000)
    expect(msFromUs(usFromMs(1_753_837_634_777))).toBe(1_753_837_634_777)
  })
})
