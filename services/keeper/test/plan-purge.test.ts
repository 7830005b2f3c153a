import { describe, expect, it } from '@jest/globals'
import { planPurge } from '../src/plan-purge.ts'
import type { Position } from '../src/positions.ts'

const LOG = { firstSeq: 10, lastSeq: 100, spoolId: 'ours' }
const ALL_OLD = 101
const at = (seq: number | undefined, more: Partial<Position> = {}): Position => ({
  backend: 'json',
  partition: 0,
  seq,
  spoolId: 'ours',
  problem: undefined,
  ...more,
})

describe('planPurge', () => {
  it('drops what the slowest backend has for sure, and nothing above', () => {
    expect(planPurge(LOG, [at(90), at(40, { backend: 'pb' })], ALL_OLD)).toEqual({ do: 'purge', belowSeq: 41 })
  })

  it('keeps what is young, however far the backends are', () => {
    expect(planPurge(LOG, [at(90)], 30)).toEqual({ do: 'purge', belowSeq: 30 })
    expect(planPurge(LOG, [at(90)], 10)).toEqual({ do: 'nothing' })
  })

  it('never drops the last message', () => {
    expect(planPurge(LOG, [at(100)], ALL_OLD)).toEqual({ do: 'purge', belowSeq: 100 })
  })

  it('drops nothing while a backend has no durable checkpoint, and says which', () => {
    expect(planPurge(LOG, [at(90), at(undefined, { backend: 'pb', partition: 3 })], ALL_OLD)).toEqual({
      do: 'blocked',
      reason: expect.stringContaining('partition 3 of pb has no durable checkpoint'),
    })
  })

  it.each([
    ['cannot be read', at(undefined, { problem: 'IBS_STORAGE_CHECKPOINT_DAMAGED' }), 'IBS_STORAGE_CHECKPOINT_DAMAGED'],
    ['is of another recording', at(90, { spoolId: 'theirs' }), 'belongs to spool theirs'],
    ['is above the log’s end', at(101), 'it lost its tail'],
  ])('drops nothing while a checkpoint %s', (_, position, reason) => {
    expect(planPurge(LOG, [at(90), position], ALL_OLD)).toEqual({ do: 'blocked', reason: expect.stringContaining(reason) })
  })

  it('has nothing to do in an empty log, or in one that holds no more than is needed', () => {
    expect(planPurge({ ...LOG, firstSeq: 101 }, [at(undefined)], ALL_OLD)).toEqual({ do: 'nothing' })
    expect(planPurge(LOG, [at(9)], ALL_OLD)).toEqual({ do: 'nothing' })
  })
})
