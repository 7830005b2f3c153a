import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cutBatch, cutGroup, cutSingles } from '../src/batch-cutter.ts'
import { BatchMerger } from '../src/batch-merger.ts'
import { eventLine, linesIn, stampsOf, tickLine } from './support/lines.ts'

describe('cutSingles', () => {
  it('makes every line a message of its own, numbered in order, without a batch', () => {
    const { records, taken } = cutSingles([tickLine(1), eventLine(2), tickLine(3)], 7)
    expect(taken).toBe(3)
    expect(records.map(({ n, batch }) => [n, batch])).toEqual([7, 8, 9].map((n) => [n, undefined]))
    expect(stampsOf(records)).toEqual([1, 2, 3])
  })
})

describe('cutBatch', () => {
  it('makes one message a subject, side by side, and says k of n', () => {
    const { records, taken } = cutBatch([tickLine(1, 1), tickLine(2, 2), tickLine(3, 1), tickLine(4, 3)], 10)
    expect(taken).toBe(4)
    expect(records.map(({ n, subject, batch }) => [n, subject, batch])).toEqual([
      [10, 'ticks.1.last', { k: 1, n: 3 }],
      [11, 'ticks.2.last', { k: 2, n: 3 }],
      [12, 'ticks.3.last', { k: 3, n: 3 }],
    ])
    expect(stampsOf(records)).toEqual([1, 3, 2, 4])
  })

  it('a batch of one message carries no header', () => {
    const { records } = cutBatch([tickLine(1, 1), tickLine(2, 1)], 1)
    expect(records).toHaveLength(1)
    expect(records[0]?.batch).toBeUndefined()
  })

  it('is none where each subject has one line: they stay as they came', () => {
    const { records } = cutBatch([tickLine(1, 3), tickLine(2, 1), tickLine(3, 2)], 1)
    expect(records.map(({ batch }) => batch)).toEqual([undefined, undefined, undefined])
    expect(stampsOf(records)).toEqual([1, 2, 3])
  })

  it('ends at 480 lines of a subject, with all lines before and none behind', () => {
    const lines = Array.from({ length: 1_000 }, (_, i) => tickLine(i, i % 3 === 2 ? 2 : 1))
    const { records, taken } = cutBatch(lines, 1)
    expect(linesIn(records[0]?.payload ?? new Uint8Array())).toHaveLength(480)
    expect(stampsOf(records).sort((a, b) => a - b)).toEqual(lines.slice(0, taken).map((_, i) => i))
    expect(lines[taken]?.subject).toBe('ticks.1.last')
  })

  it('ends at 64 KiB of a subject; a longer line goes alone', () => {
    const long = (st: number, bytes: number) => ({ subject: 'ticks.1.last', line: JSON.stringify({ st, x: 'é'.repeat(bytes / 2) }) })
    const { records, taken } = cutBatch([long(1, 30_000), long(2, 30_000), long(3, 30_000)], 1)
    expect(taken).toBe(2)
    expect(records[0]?.payload.length).toBeLessThanOrEqual(65_536)
    expect(cutBatch([long(1, 100_000), tickLine(2, 1)], 1).taken).toBe(1)
  })

  it('an event stands alone: the lines before it are cut first, the lines behind it later', () => {
    const lines = [tickLine(1), tickLine(2), eventLine(3), tickLine(4)]
    expect(cutBatch(lines, 1).taken).toBe(2)
    const { records, taken } = cutBatch(lines.slice(2), 3)
    expect(taken).toBe(1)
    expect(records.map(({ subject, batch }) => [subject, batch])).toEqual([['ib.events.connection', undefined]])
  })
})

describe('cutGroup', () => {
  const lineCounts = (count: number, log: Parameters<typeof cutGroup>[2]) =>
    cutGroup(
      Array.from({ length: count }, (_, i) => tickLine(i, 1)),
      1,
      log,
    ).records.map(({ payload }) => linesIn(payload).length)

  it('single messages while few are on their way, then batches of all that waits', () => {
    expect(lineCounts(20, { unacknowledged: 0, mostSingles: 20 })).toEqual(Array<number>(20).fill(1))
    expect(lineCounts(20, { unacknowledged: 1, mostSingles: 20 })).toEqual([20])
    expect(lineCounts(700, { unacknowledged: 0, mostSingles: 20 })).toEqual([480, 220])
    expect(lineCounts(1, { unacknowledged: 1_000, mostSingles: 20 })).toEqual([1])
  })

  it('property: group by group every line once, numbers without a hole, and the order of arrival for the reader', () => {
    const kinds = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 1_500 })
    fc.assert(
      fc.property(kinds, fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 5 }), (list, unacknowledged) => {
        const lines = list.map((kind, i) => (kind === 0 ? eventLine(i + 1) : tickLine(i + 1, kind % 3)))
        const records = []
        for (let [rest, turn] = [lines, 0]; rest.length > 0; turn++) {
          const group = cutGroup(rest.slice(0, 40), records.length + 1, {
            unacknowledged: unacknowledged[turn % unacknowledged.length] ?? 0,
            mostSingles: 30,
          })
          records.push(...group.records)
          rest = rest.slice(group.taken)
        }
        expect(records.map(({ n }) => n)).toEqual(records.map((_, i) => i + 1))
        const merger = new BatchMerger()
        const out = records.flatMap(({ n, ...message }) => merger.push({ seq: n, ...message }))
        expect([...out, ...merger.flush()].map(({ line }) => line)).toEqual(lines.map(({ line }) => line))
      }),
    )
  })
})
