import { describe, expect, it } from '@jest/globals'
import { ACTIONS, type PlanOptions, planFaults, WRITERS } from './plan.ts'

const HALF_AN_HOUR: PlanOptions = { seed: 1, durationMs: 1_800_000, replicas: 3, everyMs: [1_500, 5_000], canMount: true, awayMs: 60_000 }

describe('a plan of faults', () => {
  it('is the same for the same seed and another one for another', () => {
    expect(planFaults(HALF_AN_HOUR)).toEqual(planFaults(HALF_AN_HOUR))
    expect(planFaults({ ...HALF_AN_HOUR, seed: 2 })).not.toEqual(planFaults(HALF_AN_HOUR))
  })

  it('has every kind of fault in half an hour, more than 300 in all', () => {
    const faults = planFaults(HALF_AN_HOUR)
    expect(new Set(faults.map(({ action }) => action))).toEqual(new Set(ACTIONS))
    expect(faults.length).toBeGreaterThan(300)
  })

  it('never hits one thing twice at once, and leaves a backend that is away alone', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults = planFaults({ ...HALF_AN_HOUR, seed })
      const away = faults.find(({ action }) => action === 'away')
      for (const [i, fault] of faults.entries()) {
        const next = faults.slice(i + 1).find(({ target }) => target === fault.target)
        if (next) expect(next.atMs).toBeGreaterThanOrEqual(fault.atMs + fault.ms)
      }
      const writer = WRITERS[away?.amount ?? 0] ?? 'json'
      const during = faults.filter(({ atMs, ms }) => atMs < (away?.atMs ?? 0) + 60_000 && atMs + ms > (away?.atMs ?? 0))
      expect(during.filter(({ target }) => target.startsWith(writer))).toEqual([])
    }
  })

  it('fills no disk where none can be mounted', () => {
    const faults = planFaults({ ...HALF_AN_HOUR, canMount: false })
    expect(faults.some(({ action }) => action === 'diskFull')).toBe(false)
  })
})
