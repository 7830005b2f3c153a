import { hash31, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { JumpWatch } from '../src/jump-watch.ts'

const START_US = 1_764_000_000_000_000

function watch() {
  const seen: string[] = []
  let st = START_US
  const jumps = new JumpWatch({
    onJump: (_, { price, before, reason }) => seen.push(`${before} → ${price}: ${reason}`),
    onLevel: (_, reason) => seen.push(reason),
  })
  const trade = (p: number, given: Partial<TickMessage> = {}): TickMessage => {
    st += 100_000
    return { ts: st, st, cid: 1, tt: 'last', rid: hash31(1, 'last'), p, s: 1, ...given } as TickMessage
  }
  return {
    seen,
    hear: (...prices: number[]) => {
      for (const price of prices) jumps.heard(trade(price))
    },
    hearOdd: (price: number, given: Partial<TickMessage>) => jumps.heard(trade(price, given)),
    trouble: () => jumps.trouble(st),
    later: (seconds: number) => {
      st += seconds * 1_000_000
    },
  }
}

const QUIET = [100, 100.01, 100, 100.02, 100.01, 100]

describe('JumpWatch', () => {
  it('flags what is more than a tenth away, from where it came and back, and nothing else', () => {
    const { seen, hear } = watch()
    hear(...QUIET, 100.5, 99, 445_860_500, 99.5, 104)
    expect(seen).toEqual(['99 → 445860500: 450364041 % from one tick to the next', '445860500 → 99.5: 100 % from one tick to the next'])
  })

  it('after a trouble of the gateway flags far smaller ones, and has the stream asked for anew when prices stay there', () => {
    const { seen, hear, trouble } = watch()
    hear(...QUIET)
    trouble()
    hear(105, 105.01, 105, 105.02, 105.01, 105)
    expect(seen).toEqual([
      expect.stringMatching(/^100 → 105: \d+ times its usual step, after the gateway was in trouble$/),
      'prices went from 100 to 105 after the gateway was in trouble, and stay there',
    ])
  })

  it('does not have it asked for anew for a stray print, nor long after the trouble', () => {
    const { seen, hear, trouble, later } = watch()
    hear(...QUIET)
    trouble()
    hear(105, 100, 100.01, 100, 100.01, 100, 100.01)
    expect(seen.filter((text) => text.includes('stay there'))).toEqual([])
    later(120)
    const before = seen.length
    hear(105, 105.01, 105, 105.02, 105.01, 105, 105)
    expect(seen).toHaveLength(before)
  })

  it('passes over prices that say nothing of the market: halts, unreported prints', () => {
    const { seen, hear, hearOdd } = watch()
    hear(...QUIET)
    hearOdd(0, { s: 0, pl: true })
    hearOdd(70, { upt: true })
    hear(100.01)
    expect(seen).toEqual([])
  })
})
