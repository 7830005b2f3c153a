import { US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { HistoryBudget } from '../../src/backfill/history-budget.ts'
import type { HistoryKind } from '../../src/backfill/history-page.ts'

const START_US = 1_753_884_000_000_000

interface Sent {
  atUs: number
  cid: number
  kind: HistoryKind
}

/** Sends each as soon as the budget lets it. */
function sendAll(requests: readonly { cid: number; kind: HistoryKind }[]): Sent[] {
  const budget = new HistoryBudget()
  let nowUs = START_US
  return requests.map(({ cid, kind }) => {
    for (let ms = budget.waitMs(cid, kind, nowUs); ms > 0; ms = budget.waitMs(cid, kind, nowUs)) nowUs += usFromMs(ms)
    budget.asked(cid, kind, nowUs)
    return { atUs: nowUs, cid, kind }
  })
}

const weight = ({ kind }: Sent) => (kind === 'BID_ASK' ? 2 : 1)
/** Most weight in any window that begins with a request. */
const most = (sent: readonly Sent[], withinUs: number) =>
  Math.max(
    0,
    ...sent.map(({ atUs }) =>
      sent.filter((other) => other.atUs >= atUs && other.atUs - atUs < withinUs).reduce((sum, other) => sum + weight(other), 0),
    ),
  )

it('property: never more than IB allows, in all and of one contract and kind; and no slower than it must', () => {
  const request = fc.record({ cid: fc.constantFrom(1, 2), kind: fc.constantFrom<HistoryKind>('TRADES', 'BID_ASK', 'MIDPOINT') })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 120 }), (requests) => {
      const sent = sendAll(requests)
      expect(most(sent, 600 * US_PER_SECOND)).toBeLessThanOrEqual(60)
      for (const cid of [1, 2])
        for (const kind of ['TRADES', 'BID_ASK', 'MIDPOINT'])
          expect(
            most(
              sent.filter((one) => one.cid === cid && one.kind === kind),
              2 * US_PER_SECOND,
            ),
          ).toBeLessThanOrEqual(5)
      const weights = sent.reduce((sum, one) => sum + weight(one), 0)
      expect((sent.at(-1)?.atUs ?? START_US) - START_US).toBeLessThanOrEqual(Math.ceil(weights / 40) * 620 * US_PER_SECOND)
    }),
    { numRuns: 50 },
  )
})

it('waits a minute after IB called it too much', () => {
  const budget = new HistoryBudget()
  budget.refused(START_US)
  expect(budget.waitMs(1, 'TRADES', START_US + 1 * US_PER_SECOND)).toBe(59_001)
  expect(budget.waitMs(1, 'TRADES', START_US + 61 * US_PER_SECOND)).toBe(0)
})
