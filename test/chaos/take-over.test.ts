import { describe, expect, it } from '@jest/globals'
import { type Change, ofKill } from './take-over.ts'

const change = (atMs: number, writer: Change['writer'], partition: string, to: string): Change => ({ writer, partition, to, atMs })

describe('how long a partition of a killed writer had no owner', () => {
  it('counts from the kill to the next that follows the log', () => {
    const changes = [
      change(1_000, 'json0', '3', 'following'),
      change(5_400, 'json1', '3', 'recovering'),
      change(5_500, 'json1', '3', 'following'),
    ]
    expect(ofKill({ writer: 'json0', atMs: 5_000 }, changes)).toEqual([{ partition: '3', ms: 500 }])
  })

  it('regression: does not count how long the new owner waits until ingest has refilled the log', () => {
    const changes = [
      change(1_000, 'json0', '3', 'holding'),
      change(5_400, 'json1', '3', 'holding'),
      change(12_000, 'json0', '3', 'following'),
    ]
    expect(ofKill({ writer: 'json0', atMs: 5_000 }, changes)).toEqual([{ partition: '3', ms: 400 }])
  })

  it('does not count what another took after an earlier kill, nor what was released, nor another backend', () => {
    const changes = [
      change(1_000, 'json0', '3', 'following'),
      change(2_400, 'json1', '3', 'following'), // json0 was killed at 2 s, and is back since
      change(3_000, 'json0', '4', 'following'),
      change(3_500, 'json0', '4', 'released'),
      change(4_000, 'proto0', '3', 'following'),
      change(30_000, 'json2', '3', 'following'),
    ]
    expect(ofKill({ writer: 'json0', atMs: 5_000 }, changes)).toEqual([])
  })
})
