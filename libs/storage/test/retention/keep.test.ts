import { describe, expect, it } from '@jest/globals'
import { assertKeep, limitedBackends, longerKept } from '../../src/retention/keep.ts'

const BACKENDS = ['json', 'pb'] as const

describe('which backend is kept longer', () => {
  it.each([
    ['none has a limit', {}, [], []],
    ['an age is less than none', { json: { maxAgeUs: 5 } }, ['json'], ['pb']],
    ['an age is less than a higher one', { json: { maxAgeUs: 5 }, pb: { maxAgeUs: 6 } }, ['json', 'pb'], ['pb']],
    ['a share is less than none', { json: { maxDiskShare: 0.5 } }, ['json'], ['pb']],
    [
      'with equal ages a smaller share',
      { json: { maxAgeUs: 5, maxDiskShare: 0.1 }, pb: { maxAgeUs: 5, maxDiskShare: 0.2 } },
      ['json', 'pb'],
      ['pb'],
    ],
    ['the age counts before the share', { json: { maxDiskShare: 0.1 }, pb: { maxAgeUs: 5 } }, ['pb', 'json'], []],
    ['alike is not longer', { json: { maxAgeUs: 5 }, pb: { maxAgeUs: 5 } }, ['json', 'pb'], []],
  ] as const)('%s', (_what, keep, limited, longer) => {
    expect(limitedBackends(keep)).toEqual(limited)
    expect(longerKept(keep, 'json', BACKENDS)).toEqual(longer)
  })

  it('refuses limits that cannot be, all at once', () => {
    assertKeep({ json: { maxAgeUs: 1, maxDiskShare: 1 }, pb: {} })
    for (const wrong of [{ maxAgeUs: 0 }, { maxAgeUs: 1.5 }, { maxDiskShare: 0 }, { maxDiskShare: 1.1 }, { maxDiskShare: Number.NaN }])
      expect(() => assertKeep({ json: wrong })).toThrow('IBS_STORAGE_RETENTION_INVALID')
    expect(() => assertKeep({ json: { maxAgeUs: -1 }, pb: { maxDiskShare: 2 } })).toThrow(/maxAgeUs of json is -1.*maxDiskShare of pb is 2/)
  })
})
