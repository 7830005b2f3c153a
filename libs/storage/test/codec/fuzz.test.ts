import { describe, expect, it } from '@jest/globals'
import { fuzzRecords } from '../fuzz-records.ts'

describe('damaged records', () => {
  it.each(['json', 'pb'] as const)(
    'of %s end in a valid tick or a typed error, the same by objects and by columns',
    (backend) => {
      const blocks = 10_000
      const { ticks, refused, uncut } = fuzzRecords(backend, { blocks, seed: 20250730 })
      expect(ticks).toBeGreaterThan(blocks / 2) // the sound ones behind
      expect(refused).toBeGreaterThan(blocks / 4)
      expect(uncut).toBeLessThan(blocks / 4)
    },
    60_000,
  )
})
