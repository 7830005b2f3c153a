import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cutBatch, cutSingles, type LogLine } from '../src/batch-cutter.ts'
import { BatchMerger } from '../src/batch-merger.ts'
import type { LogMessage } from '../src/log-message.ts'
import { eventLine, tickLine } from './support/lines.ts'

const toMessages = (records: ReturnType<typeof cutBatch>['records']): LogMessage[] => records.map(({ n, ...rest }) => ({ seq: n, ...rest }))

function cutAll(lines: LogLine[], busy: (turn: number) => boolean): LogMessage[][] {
  const cuts: LogMessage[][] = []
  for (let [rest, n] = [lines, 1]; rest.length > 0; ) {
    const { records, taken } = busy(cuts.length) ? cutBatch(rest, n) : cutSingles(rest.slice(0, 3), n)
    cuts.push(toMessages(records))
    rest = rest.slice(taken)
    n += records.length
  }
  return cuts
}

const merged = (messages: readonly LogMessage[]) => {
  const merger = new BatchMerger()
  return [...messages.flatMap((message) => merger.push(message)), ...merger.flush()]
}

// a negative subject is an event
const arbitraryLines = fc
  .array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 60 })
  .map((subjects) => subjects.map((subject, i) => (subject < 0 ? eventLine(i + 1) : tickLine(i + 1, subject + 1))))

describe('BatchMerger', () => {
  it('property: any interleaving of subjects comes back in the order of arrival', () => {
    fc.assert(
      fc.property(arbitraryLines, fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), (lines, busy) => {
        const out = merged(cutAll(lines, (turn) => busy[turn % busy.length] ?? true).flat())
        expect(out.map(({ line }) => line)).toEqual(lines.map(({ line }) => line))
        expect(out.map(({ st }) => st)).toEqual(lines.map((_, i) => i + 1))
      }),
    )
  })

  it('property: a batch that was never finished gives what it holds in order, and what follows stays apart', () => {
    fc.assert(
      fc.property(arbitraryLines, arbitraryLines, fc.nat(), (before, after, cut) => {
        const [torn = []] = cutAll(before, () => true)
        const kept = torn.slice(0, 1 + (cut % torn.length))
        const later = cutAll(
          after.map(({ line, ...rest }) => ({ ...rest, line: line.replace(/"st":(\d+)/, (_, st) => `"st":${1_000 + Number(st)}`) })),
          () => true,
        )
          .flat()
          .map((message) => ({ ...message, seq: message.seq + kept.length }))
        const stamps = merged([...kept, ...later]).map(({ st }) => st)
        expect(stamps).toEqual(stamps.toSorted((a, b) => a - b))
        expect(stamps.filter((st) => st > 1_000)).toHaveLength(after.length)
      }),
    )
  })

  it('names the first sequence of the batch on each of its lines, and the own one beside it', () => {
    const [batch = []] = cutAll([tickLine(1, 1), tickLine(2, 2), tickLine(3, 1)], () => true)
    expect(merged(batch).map(({ st, seq, batchSeq }) => [st, seq, batchSeq])).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [3, 1, 1],
    ])
  })

  it('begins in the middle of a batch with what is left of it', () => {
    const [batch = []] = cutAll([tickLine(1, 1), tickLine(2, 2), tickLine(3, 3), tickLine(4, 2)], () => true)
    expect(merged(batch.slice(1)).map(({ st }) => st)).toEqual([2, 3, 4])
  })

  it('does not join the halves of two batches over a hole', () => {
    const message = (seq: number, st: number, k: number): LogMessage => ({
      seq,
      subject: `ticks.2.${k}.last`,
      payload: Buffer.from(`{"st":${st}}\n`),
      batch: { k, n: 2 },
    })
    const merger = new BatchMerger()
    expect(merger.push(message(5, 100, 1))).toEqual([])
    expect(merger.push(message(9, 50, 2)).map(({ st, batchSeq }) => [st, batchSeq])).toEqual([
      [100, 5],
      [50, 9],
    ])
  })
})
