import type { BackfillEvent, BackfillPageEvent, GapEvent } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { pendingFills } from '../../src/backfill/pending-fills.ts'

const S = 1_000_000
const head = { st: 0, epoch: 1, cid: 1, tt: 'last' } as const
const gap = (fromUs: number, toUs: number): GapEvent => ({ kind: 'gap', ...head, fromUs, toUs, cause: 'disconnected', reason: '' })
const of = (gapFromUs: number, gapToUs: number) => ({ ...head, gapFromUs, gapToUs })
const page = (range: object, fromUs: number, toUs: number): BackfillPageEvent =>
  ({ kind: 'backfill_page', ...range, fromUs, toUs, ticks: 5 }) as BackfillPageEvent
const end = (range: object): BackfillEvent => ({ kind: 'backfill', ...range, state: 'filled', ticks: 5, pages: 1 }) as BackfillEvent

it('gives gaps without a result, with the pages that are in the log', () => {
  const events = [
    gap(10 * S, 20 * S),
    gap(30 * S, 40 * S),
    page(of(10 * S, 20 * S), 15 * S, 20 * S),
    page(of(30 * S, 40 * S), 36 * S, 41 * S),
    end(of(10 * S, 20 * S)),
    page(of(30 * S, 40 * S), 33 * S, 37 * S),
  ]
  expect(pendingFills(events, 0).gaps).toEqual([
    {
      range: gap(30 * S, 40 * S),
      before: {
        done: [
          { fromSecond: 36, toSecond: 40 },
          { fromSecond: 33, toSecond: 36 },
        ],
        ticks: 10,
        pages: 2,
      },
    },
  ])
})

it('leaves gaps alone that were over before the limit, and pages of ranges that were asked for', () => {
  expect(pendingFills([gap(10 * S, 20 * S), page(of(50 * S, 60 * S), 50 * S, 60 * S)], 20 * S)).toEqual({ gaps: [], asked: [] })
})

it('gives what was asked for with its pages, until it is at its end', () => {
  const range = { cid: 1, tt: 'last' as const, fromUs: 50 * S, toUs: 60 * S }
  const pages = [page(of(50 * S, 60 * S), 55 * S, 60 * S)]
  expect(pendingFills(pages, 0, [range]).asked).toEqual([
    { range, before: { done: [{ fromSecond: 55, toSecond: 59 }], ticks: 5, pages: 1 } },
  ])
})
