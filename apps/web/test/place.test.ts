import { expect, it } from '@jest/globals'
import { hashOf, placeOf, shifted } from '../src/place.ts'

const HOUR_US = 3_600_000_000
const NOW_US = 1_795_000_000_000_000

it('has what its address says, and goes back to it by the address', () => {
  const hash = `#cid=265598&from=${NOW_US - HOUR_US}&to=${NOW_US}`
  expect(placeOf(hash)).toMatchObject({ cid: 265598, window: { fromUs: NOW_US - HOUR_US, toUs: NOW_US } })
  expect(hashOf(placeOf(hash))).toBe(hash)
  expect(hashOf(placeOf('#cid=8314&range=900'))).toBe('#cid=8314&range=900')
})

it('takes what an address says wrongly as not said', () => {
  for (const hash of ['', '#cid=x&range=-1', '#range=1e9&from=5', `#from=${NOW_US}&to=${NOW_US - 1}`])
    expect(placeOf(hash)).toMatchObject({ cid: undefined, rangeSeconds: 3_600, window: { toUs: undefined } })
})

it('goes back and forward by its own length, and never past now', () => {
  const hour = { fromUs: NOW_US - HOUR_US, toUs: undefined }
  const before = shifted(hour, -1, NOW_US)
  expect(before).toEqual({ fromUs: NOW_US - 2 * HOUR_US, toUs: NOW_US - HOUR_US })
  expect(shifted(before, 1, NOW_US + 1)).toEqual({ fromUs: NOW_US - HOUR_US, toUs: NOW_US })
  expect(shifted(before, 1, NOW_US)).toEqual(hour)
})
