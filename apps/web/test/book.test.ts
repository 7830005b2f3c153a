import { afterEach, expect, it, jest } from '@jest/globals'
import { Book } from '../src/book.ts'

const CID = 8314
const HOUR_MS = 3_600_000
const WAY_MS = 40

afterEach(() => {
  jest.restoreAllMocks()
})

/** Ten ticks a second for six seconds, each of which came `WAY_MS` after its stamp; the clock says `sinceMs` at the first. */
function hearTicks(book: Book, sinceMs: number): number {
  const clock = jest.spyOn(Date, 'now')
  for (let n = 0; n <= 60; n++) {
    const nowMs = sinceMs + n * 100
    clock.mockReturnValue(nowMs)
    book.hear({ ts: 1_000 * nowMs, st: 1_000 * (nowMs - WAY_MS), cid: CID, tt: 'last', rid: 1, p: 100, s: 1 })
  }
  return sinceMs + 6_000
}

it.each([
  ['stands', 0],
  ['was set forward since the page was opened', HOUR_MS],
  ['was set back since the page was opened', -HOUR_MS],
])('tells rate and latency by a clock that %s', (_, setByMs) => {
  const openedMs = 1_000 * Math.floor(Date.now() / 1_000)
  const book = new Book(CID)
  const endMs = hearTicks(book, openedMs)
  expect([book.rate(endMs), book.latencyMs]).toEqual([10, expect.closeTo(WAY_MS, 6)])
  const laterMs = hearTicks(book, endMs + 1_000 + setByMs)
  expect([book.rate(laterMs), book.latencyMs]).toEqual([10, expect.closeTo(WAY_MS, 6)])
})

it('counts nothing of what it only takes up', () => {
  const book = new Book(CID)
  const nowMs = Date.now()
  book.take({ ts: 1_000 * nowMs, st: 1_000 * nowMs, cid: CID, tt: 'last', rid: 1, p: 100.5, s: 1 })
  expect([book.last, book.newestUs, book.rate(nowMs + 1_000), book.latencyMs]).toEqual([100.5, 1_000 * nowMs, 0, undefined])
})
