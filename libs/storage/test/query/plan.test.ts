import { US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import { chooseReads, type SegmentRead } from '../../src/query/plan.ts'

const HOUR_US = 1753884000_000000

function read(backend: Backend, hour: number, stampSeconds = 0, cid = 1): SegmentRead {
  const segment = {
    path: `${backend} ${cid} ${hour} ${stampSeconds}`,
    backend,
    cid,
    tt: 'last' as const,
    hourUs: HOUR_US + hour * US_PER_HOUR,
    stampSeconds,
  }
  return { segment, bytes: 1, committed: true, asOfStUs: undefined, inode: 1, bornMs: 0, modifiedMs: 0 }
}

const choose = (reads: SegmentRead[], seqs: Partial<Record<Backend, number>>, prefer?: Backend) =>
  chooseReads({ reads, lost: [], removed: [], positionOf: (backend) => seqs[backend] ?? 0, prefer }).hours.map((hour) =>
    hour.map(({ segment }) => segment.path),
  )

describe('chooseReads', () => {
  it('takes the backend that is furthest, and another one for hours that it does not have', () => {
    const reads = [read('json', 0), read('pb', 0), read('json', 1), read('pb', 2)]
    expect(choose(reads, { json: 5, pb: 6 })).toEqual([['pb 1 0 0'], ['json 1 1 0'], ['pb 1 2 0']])
    expect(choose(reads, { json: 6, pb: 5 })).toEqual([['json 1 0 0'], ['json 1 1 0'], ['pb 1 2 0']])
    expect(choose(reads, {})).toEqual([['json 1 0 0'], ['json 1 1 0'], ['pb 1 2 0']])
  })

  it('prefers a backend only where it is known to hold as much of the hour as the furthest', () => {
    const holding = (backend: Backend, hour: number, count?: number): SegmentRead => ({
      ...read(backend, hour),
      known: count === undefined ? undefined : { sorted: true, count, firstTs: 0, lastTs: 0, lastSt: 0 },
    })
    const reads = [
      holding('json', 0, 9),
      holding('pb', 0, 9),
      holding('json', 1, 8),
      holding('pb', 1, 9),
      holding('json', 2),
      holding('pb', 2, 9),
    ]
    expect(choose(reads, { pb: 2, json: 1 }, 'json')).toEqual([['json 1 0 0'], ['pb 1 1 0'], ['pb 1 2 0']])
    expect(choose(reads, { pb: 2, json: 1 })).toEqual([['pb 1 0 0'], ['pb 1 1 0'], ['pb 1 2 0']])
  })

  it('takes all files that a backend has of an hour, and keeps contracts apart', () => {
    expect(choose([read('json', 0, 7), read('json', 0, 3), read('pb', 0), read('pb', 0, 0, 2)], { json: 1 })).toEqual([
      ['json 1 0 3', 'json 1 0 7', 'pb 2 0 0'],
    ])
  })
})
