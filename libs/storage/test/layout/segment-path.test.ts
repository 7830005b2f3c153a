import { hourOf, TICK_TYPES, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { BACKENDS } from '../../src/layout/backend.ts'
import { endOfFileUs, eventsPath, parseEventsPath, parseSegmentPath, segmentPath } from '../../src/layout/segment-path.ts'

describe('segment paths', () => {
  it('are those of the architecture page', () => {
    const hourUs = 1753884000_000000
    expect(segmentPath({ backend: 'json', cid: 711280073, tt: 'bid_ask', hourUs })).toBe(
      'json/2025/07/30/14/711280073_bid_ask_1753884000.jsonl',
    )
    expect(segmentPath({ backend: 'pb', cid: 711280073, tt: 'bid_ask', hourUs })).toBe('pb/2025/07/30/14/711280073_bid_ask_1753884000.pb')
    expect(eventsPath(hourUs + 1)).toBe('events/2025-07-30.jsonl')
  })

  it('property: come back from their text', () => {
    const parts = fc.record({
      backend: fc.constantFrom(...BACKENDS),
      cid: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      tt: fc.constantFrom(...TICK_TYPES),
      hourUs: fc.integer({ min: 700_000_000_000_000, max: 7_000_000_000_000_000 }).map(hourOf),
    })
    fc.assert(
      fc.property(parts, (s) => {
        const path = segmentPath(s)
        expect(parseSegmentPath(path)).toEqual({ ...s, path, stampSeconds: s.hourUs / 1e6 })
        expect(endOfFileUs(path)).toBe(s.hourUs + US_PER_HOUR)
      }),
    )
  })

  it('may have stamps of older recordings that are not whole hours', () => {
    expect(parseSegmentPath('json/2025/08/01/01/711280073_bid_ask_1754010291.jsonl')).toMatchObject({
      cid: 711280073,
      hourUs: 1754010000_000000,
      stampSeconds: 1754010291,
    })
  })

  it.each([
    'json/2025/07/30/14/../14/1_last_1.jsonl',
    '../json/2025/07/30/14/1_last_1.jsonl',
    '/json/2025/07/30/14/1_last_1.jsonl',
    'json/2025/02/30/14/1_last_1.jsonl',
    'json/2025/07/30/24/1_last_1.jsonl',
    'json/2025/07/30/14/1_last_1.pb',
    'json/2025/07/30/14/01_last_1.jsonl',
    'json/2025/07/30/14/1_first_1.jsonl',
    'json/2025/07/30/14/1_last_1.jsonl.tmp',
    'parquet/2025/07/30/14/1_last_1.parquet',
    'json/2025/07/30/14/1_last_1.jsonl\n',
  ])('are not %j', (path) => {
    expect(parseSegmentPath(path)).toBeUndefined()
    expect(endOfFileUs(path)).toBeUndefined()
  })

  it('of events end with their day', () => {
    expect(parseEventsPath('events/2025-07-30.jsonl')).toBe(1753833600_000000)
    expect(endOfFileUs('events/2025-07-30.jsonl')).toBe(1753920000_000000)
    for (const path of ['events/2025-02-30.jsonl', 'events/../2025-07-30.jsonl', 'events/2025-07-30.json'])
      expect(parseEventsPath(path)).toBeUndefined()
  })

  it('are refused for what is no hour of a contract', () => {
    expect(() => segmentPath({ backend: 'json', cid: 0, tt: 'last', hourUs: 0 })).toThrow('IBS_STORAGE_PATH_INVALID')
    expect(() => segmentPath({ backend: 'json', cid: 1, tt: 'last', hourUs: 1 })).toThrow('IBS_STORAGE_PATH_INVALID')
  })
})
