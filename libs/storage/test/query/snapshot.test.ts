import { describe, expect, it } from '@jest/globals'
import { atOneCheckpoint, STABLE_TRIES } from '../../src/query/snapshot.ts'
import { emptyCheckpoint } from '../../src/segment/checkpoint.ts'
import { outcomeOf } from '../data-dir.ts'

const checkpoint = (v: number) => ({ ...emptyCheckpoint({ spoolId: 'spool', source: 'simulator' }, 'boot'), v, seq: v })

/** Reads that find a newer checkpoint each time, up to a last one. */
function movingUpTo(last: number) {
  let v = 0
  return async () => checkpoint(Math.min(++v, last))
}

describe('atOneCheckpoint', () => {
  it('looks again under the newer checkpoint when it moved on meanwhile', async () => {
    const looks: unknown[] = []
    const seen = await atOneCheckpoint(movingUpTo(3), async (found) => {
      looks.push(found?.v)
      return found?.seq
    })
    expect({ seen, looks }).toEqual({ seen: 3, looks: [1, 2, 3] })
  })

  it('takes no checkpoint twice for the same, and the first one for another', async () => {
    expect(
      await atOneCheckpoint(
        async () => undefined,
        async () => 'seen',
      ),
    ).toBe('seen')
    let reads = 0
    expect(
      await atOneCheckpoint(
        async () => (reads++ === 0 ? undefined : checkpoint(1)),
        async (found) => found?.v,
      ),
    ).toBe(1)
  })

  it('gives up after some tries', async () => {
    let looks = 0
    expect(await outcomeOf(atOneCheckpoint(movingUpTo(1000), async () => looks++))).toBe('IBS_STORAGE_RANGE_UNSTABLE')
    expect(looks).toBe(STABLE_TRIES)
  })
})
