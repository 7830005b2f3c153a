import { US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { HeldHour, HourState } from '../../src/retention/day-hours.ts'
import { RetentionPlan } from '../../src/retention/plan-day.ts'

const FIRST_DAY_US = 20_000 * US_PER_DAY
const DISK_BYTES = 1_000

interface Case {
  day: number
  hour: number
  state: HourState
  ticks: number
  diskBytes: number
  /** What the longer-kept backend has; undefined: nothing. */
  copy: { state: HourState; ticks: number; removedTicks: number } | undefined
}

const state = fc.constantFrom<HourState>('closed', 'closed', 'closed', 'open', 'unknown', 'differs', 'gone')
const held = fc.record({ state, ticks: fc.integer({ min: 1, max: 3 }), removedTicks: fc.constantFrom(0, 0, 0, 1) })
const cases: fc.Arbitrary<Case[]> = fc.uniqueArray(
  fc.record({
    ...{ day: fc.nat(6), hour: fc.nat(23), state, ticks: fc.integer({ min: 1, max: 3 }) },
    ...{ diskBytes: fc.integer({ min: 1, max: 120 }), copy: fc.option(held, { nil: undefined }) },
  }),
  { selector: ({ day, hour }) => `${day} ${hour}`, maxLength: 40 },
)
const limits = fc.record({
  keep: fc.record(
    { maxAgeUs: fc.integer({ min: 1, max: 5 * US_PER_DAY }), maxDiskShare: fc.double({ min: 0.05, max: 1, noNaN: true }) },
    { requiredKeys: [] },
  ),
  nowUs: fc.integer({ min: FIRST_DAY_US, max: FIRST_DAY_US + 9 * US_PER_DAY }),
  unconfirmed: fc.boolean(),
})

const hourOf = (backend: 'json' | 'pb', { day, hour, state, ticks, diskBytes }: Case, removedTicks = 0): HeldHour => ({
  ...{ backend, cid: 1, tt: 'last', hourUs: FIRST_DAY_US + day * US_PER_DAY + hour * US_PER_HOUR },
  ...{ state, ticks, removedTicks, diskBytes, entries: [] },
})

const dayUsOf = (day: number): number => FIRST_DAY_US + day * US_PER_DAY
const sum = (some: readonly Case[]): number => some.reduce((bytes, { diskBytes }) => bytes + diskBytes, 0)

/** What may go by the rules, said another way: so many oldest days that the rest fits, and all that are too old. */
function naive(
  all: readonly Case[],
  { keep, nowUs, unconfirmed }: { keep: { maxAgeUs?: number; maxDiskShare?: number }; nowUs: number; unconfirmed: boolean },
) {
  const mayGo = all.filter(({ state, ticks, copy }) => {
    const isCopied = copy !== undefined && copy.state === 'closed' && copy.removedTicks === 0 && copy.ticks === ticks
    return state === 'closed' && (isCopied || unconfirmed)
  })
  const tooOld = ({ day }: Case) => keep.maxAgeUs !== undefined && nowUs - dayUsOf(day + 1) >= keep.maxAgeUs
  const mostBytes = (keep.maxDiskShare ?? Number.POSITIVE_INFINITY) * DISK_BYTES
  for (let days = 0; ; days++) {
    const gone = mayGo.filter((one) => one.day < days || tooOld(one))
    if (sum(all) - sum(gone) <= mostBytes || days > 7) return gone
  }
}

describe('the plan of retention', () => {
  it('property: takes what a naive reading of the rules takes, and no hour of which no longer-kept backend has as many ticks', () => {
    let went = 0
    fc.assert(
      fc.property(cases, limits, (all, { keep, nowUs, unconfirmed }) => {
        const plan = new RetentionPlan({ keep, nowUs, diskBytes: DISK_BYTES, usedBytes: sum(all), unconfirmed })
        const gone: Case[] = []
        for (let day = 0; day < 7; day++) {
          if (plan.dueBecause(dayUsOf(day)) === undefined) break
          const ofDay = all.filter((one) => one.day === day)
          const copies = ofDay.flatMap(({ copy, ...one }) => (copy ? hourOf('pb', { ...one, ...copy, copy }, copy.removedTicks) : []))
          const decided = plan.decide(
            ofDay.map((one) => hourOf('json', one)),
            copies,
          )
          const going = decided.filter(({ stays }) => stays === undefined).map(({ hour }) => hour.hourUs)
          const taken = ofDay.filter((one) => going.includes(hourOf('json', one).hourUs))
          plan.went(sum(taken))
          gone.push(...taken)
        }
        went += gone.length
        const inOrder = (some: readonly Case[]) => some.toSorted((a, b) => a.day - b.day || a.hour - b.hour)
        expect(inOrder(gone)).toEqual(inOrder(naive(all, { keep, nowUs, unconfirmed })))
      }),
      { numRuns: 3_000 },
    )
    expect(went).toBeGreaterThan(1_000)
  })

  it('says why each hour stays', () => {
    const plan = new RetentionPlan({ keep: { maxAgeUs: 1 }, nowUs: dayUsOf(9), diskBytes: 1, usedBytes: 0, unconfirmed: false })
    const states = ['open', 'unknown', 'differs', 'closed', 'gone'] as const
    const hours = states.map((state, hour) => hourOf('json', { day: 0, hour, state, ticks: 1, diskBytes: 1, copy: undefined }))
    expect(plan.decide(hours, []).map(({ stays }) => stays)).toEqual(['open', 'unknown', 'differs', 'unconfirmed'])
  })
})
