import { hash31, type TickType } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { type DesiredStream, planLines } from '../../src/subscriptions/line-plan.ts'

const stream = (cid: number, tt: TickType, tracked = true): DesiredStream => ({ cid, tt, rid: hash31(cid, tt), tracked, symbol: `C${cid}` })

describe('planLines', () => {
  it('gives the lines to tracked streams in their order, then to leases, and says who must wait', () => {
    const desired = [stream(9, 'last', false), stream(1, 'bid_ask'), stream(1, 'last'), stream(2, 'bid_ask')]
    const plan = planLines(desired, 3)
    expect(plan.granted.map(({ cid, tt }) => `${cid} ${tt}`)).toEqual(['1 bid_ask', '1 last', '2 bid_ask'])
    expect(plan.waiting).toEqual([desired[0]])
    expect(plan.warnings).toEqual(['4 streams asked for, 3 lines allowed: C9 last must wait'])
  })

  it('warns of last beside all_last of one contract', () => {
    expect(planLines([stream(1, 'last'), stream(1, 'all_last'), stream(2, 'last')], 5).warnings).toEqual([
      'C1 is asked for as last and as all_last; all_last holds every trade of last, and one line would do',
    ])
  })

  it('has nothing to say where the lines are enough', () => {
    expect(planLines([stream(1, 'last')], 1)).toMatchObject({ waiting: [], warnings: [] })
  })
})
