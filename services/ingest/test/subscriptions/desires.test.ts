import { hash31, type TickType, type TrackedContract } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { NamedContract } from '../../src/contracts/name-book.ts'
import { Desires } from '../../src/subscriptions/desires.ts'
import type { LeasedStream } from '../../src/subscriptions/leases.ts'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'

const stream = (cid: number, tt: TickType, tracked = true): DesiredStream => ({
  cid,
  tt,
  rid: hash31(cid, tt),
  symbol: String(cid),
  tracked,
})
const contract = (name: string, ...tickTypes: TickType[]): TrackedContract => ({ name, symbol: name, tickTypes, bufferHours: 24 })

describe('Desires', () => {
  const start = (before: readonly DesiredStream[]) => {
    const leases: { streams: LeasedStream[] } = { streams: [] }
    const meant = new Map<string, NamedContract[]>()
    const told: string[][] = []
    const names = { want: () => undefined, contractsOf: (name: string) => meant.get(name) ?? [] }
    const onChange = (streams: readonly DesiredStream[]) => told.push(streams.map(({ cid, tt }) => `${cid} ${tt}`))
    return { desires: new Desires({ names, leases, before, onChange }), leases, meant, told }
  }

  it('regression: a lease that came before the list of tracked contracts was read ended all that was recorded', () => {
    const { desires, leases, meant, told } = start([stream(1, 'bid_ask'), stream(2, 'last')])
    desires.apply()
    leases.streams.push({ cid: 3, tt: 'last', lingers: false })
    desires.apply()
    expect(told).toEqual([
      ['1 bid_ask', '2 last'],
      ['1 bid_ask', '2 last', '3 last'],
    ])
    meant.set('1', [{ cid: 1, label: '1', isBeside: false }])
    desires.track([contract('1', 'bid_ask')])
    expect(told.at(-1)).toEqual(['1 bid_ask', '3 last'])
    desires.track([]) // an empty list is a list
    expect(told.at(-1)).toEqual(['3 last'])
  })

  it('regression: what the environment names replaced what an earlier run recorded before the list was read; it comes beside it', () => {
    const { desires, meant, told } = start([stream(1, 'bid_ask'), stream(2, 'last')])
    meant.set('2', [{ cid: 2, label: '2', isBeside: false }])
    meant.set('MNQ.front', [{ cid: 3, label: 'MNQ', isBeside: false }])
    desires.presume([contract('2', 'last'), contract('MNQ.front', 'last')])
    expect(told).toEqual([['1 bid_ask', '2 last', '3 last']])
    desires.track([contract('MNQ.front', 'last')])
    expect(told.at(-1)).toEqual(['3 last'])
  })

  it('has tracked streams in their order, then what stands beside a front contract, then leases, each once', () => {
    const { desires, leases, meant, told } = start([])
    meant.set('MNQ.front', [
      { cid: 1, label: 'MNQ', isBeside: false },
      { cid: 2, label: 'MNQ', isBeside: true },
    ])
    meant.set('AAPL', [{ cid: 3, label: 'AAPL', isBeside: false }])
    leases.streams.push({ cid: 3, tt: 'last', lingers: false }, { cid: 4, tt: 'last', lingers: true })
    desires.track([contract('MNQ.front', 'last'), contract('AAPL', 'last')])
    desires.apply() // nothing has changed
    expect(told).toEqual([['1 last', '3 last', '2 last', '4 last']])
  })
})
