import { expect, test } from '@jest/globals'
import { formatCursor, liveAfter, parseCursor } from '../src/cursor.ts'

const spoolId = '0b9c2f36-1c2d-4a4c-9a76-0f7b3b1f6f5e'

test.each([
  { kind: 'live', spoolId, batchSeq: 123, st: 1_753_884_000_000_001 } as const,
  liveAfter(spoolId, 41),
  { ...liveAfter(spoolId, 41), sinceSt: 1_753_884_000_000_001 },
  { kind: 'history', spoolId, lastSeq: 7, ts: 1_753_884_000_000_000, st: 1_753_884_000_000_001, k: 2, lateSt: -1 } as const,
  { kind: 'history', spoolId, lastSeq: 7, ts: 0, st: 0, k: 1, lateSt: 1_753_884_000_000_009 } as const,
  { kind: 'history', spoolId, lastSeq: 7, ts: 0, st: 0, k: 1, lateSt: -1, floorSt: 5 } as const,
  { kind: 'history', spoolId, lastSeq: 7, ts: 0, st: 0, k: 1, lateSt: -1, sinceSt: 6 } as const,
  { kind: 'history', spoolId, lastSeq: 7, ts: 0, st: 0, k: 1, lateSt: -1, floorSt: 5, sinceSt: 6 } as const,
])('a cursor survives its text: %j', (cursor) => {
  expect(parseCursor(formatCursor(cursor))).toEqual(cursor)
})

test.each([
  '',
  'l',
  'l.a.1',
  'h.a.1.2',
  'l.a.1.x',
  'l.a.-1.2',
  'l.a.1.2.3',
  'l.a.1.-1.',
  'l.a.1.-1.3.4',
  `l.${'a'.repeat(65)}.1.2`,
  'h.a.1.2.3.4',
  'h.a.1.2.3.4.-2',
  'h.a.1.2.3.4.5.-1',
  'h.a.1.2.3.4.5.r',
  'h.a.1.2.3.4.5.r6.7',
])('%j is no cursor', (text) => {
  expect(parseCursor(text)).toBeUndefined()
})
