import { describe, expect, it } from '@jest/globals'
import { partitionOf } from '../src/partition.ts'

describe('partitionOf', () => {
  // As nats-server 2.10.27 computed them by partition(16,1).
  it.each([
    [265598, 2],
    [8314, 9],
    [756733, 12],
    [711280073, 0],
  ])('puts contract %i where the server puts it', (cid, partition) => {
    expect(partitionOf(cid)).toBe(partition)
  })
})
