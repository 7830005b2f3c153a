import { contractCalendar } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { prepareStudy, pushAll, runStudy, STUDY_NAMES, type StudyOutput } from '../src/index.ts'
import { madeUpDay, quote, START_US, trade } from './ticks.ts'

const PARAMETERS: readonly Record<string, unknown>[] = [
  {},
  { session: 'regular' },
  { every_seconds: 5 },
  { window_seconds: 20 },
  { clock: 'st' },
]
/** Sessions change amid the made-up day: the full one at its sixth minute, the regular one at its tenth. */
const calendar = contractCalendar({
  timeZoneId: 'US/Eastern',
  tradingHours: '20250730:0400-20250730:1004;20250730:1006-20250731:2000',
  liquidHours: '20250730:0930-20250730:1008;20250730:1010-20250731:1600',
})

/** Every study with every parameter set that it has. */
const CASES = STUDY_NAMES.flatMap((name) =>
  PARAMETERS.flatMap((parameters) => {
    try {
      prepareStudy(name, parameters)
      return [{ name, parameters, text: `${name} ${JSON.stringify(parameters)}` }]
    } catch {
      return []
    }
  }),
)
const make = ({ name, parameters }: (typeof CASES)[number]) => prepareStudy(name, parameters).create({ calendar })

function oneByOne(study: ReturnType<typeof make>, ticks: readonly TickMessage[]): StudyOutput[] {
  return [...ticks.flatMap((tick) => study.push(tick)), ...study.flush()]
}

afterEach(() => void jest.useRealTimers())

it('there are cases for every study', () => expect(new Set(CASES.map(({ name }) => name)).size).toBe(STUDY_NAMES.length))

describe.each(CASES)('$text', (each) => {
  it('property: gives the same for any split of the ticks into batches', async () => {
    const ticks = madeUpDay(400)
    const wanted = oneByOne(make(each), ticks)
    expect(wanted.length).toBeGreaterThan(0)
    const cuts = fc.array(fc.integer({ min: 0, max: ticks.length }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), ticks.length]
        const batches = edges.slice(1).map((end, i) => ticks.slice(edges[i], end))
        const got: StudyOutput[] = []
        for await (const outputs of runStudy(make(each), batches)) got.push(...outputs)
        expect(got).toEqual(wanted)
      }),
      { numRuns: 8 },
    )
  })

  it('a snapshot changes nothing, whenever it is taken', () => {
    const ticks = madeUpDay(400)
    const study = make(each)
    const got = ticks.flatMap((tick) => {
      study.snapshot()
      return study.push(tick)
    })
    expect([...got, ...study.flush()]).toEqual(oneByOne(make(each), ticks))
  })

  it('reads no clock: the same at any time of day', () => {
    const ticks = madeUpDay(300)
    const wanted = oneByOne(make(each), ticks)
    jest.useFakeTimers({ now: new Date('2041-01-01T00:00:00Z') })
    expect(oneByOne(make(each), ticks)).toEqual(wanted)
  })

  it('property: gives finite JSON whatever the ticks hold, late ones among them', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -1, 180.01, 1e300, -1e300, 5e-324, 37.63),
    )
    const tick = fc
      .record({
        second: fc.integer({ min: -5, max: 4_000 }),
        kind: fc.constantFrom('quote', 'trade', 'mid', 'bid'),
        a: number,
        b: number,
        c: number,
        d: number,
      })
      .map(({ second, kind, a, b, c, d }): TickMessage => {
        const { ts, st, cid, rid } = trade(second, 1, 1)
        if (kind === 'trade') return { ts, st, cid, tt: 'last', rid, p: a, s: b }
        if (kind === 'mid') return { ts, st, cid, tt: 'mid_point', rid, mp: a }
        return { ts, st, cid, tt: 'bid_ask', rid, bp: a, bs: b, ...(kind === 'quote' && { ap: c, as: d }) }
      })
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 60 }), (ticks) => {
        const study = make(each)
        for (const output of [...oneByOne(study, ticks), study.snapshot()]) expectFinite(output)
      }),
      { numRuns: 40 },
    )
  })

  it('goes on after a flush', () => {
    const study = make(each)
    pushAll(study, madeUpDay(300))
    study.flush()
    const later = madeUpDay(300).map((tick) => ({ ...tick, ts: tick.ts + 7_200_000_000, st: tick.st + 7_200_000_000 }))
    expect([...pushAll(study, later), ...study.flush()].length).toBeGreaterThan(0)
  })

  it('refuses the ticks of a second contract', () => {
    const study = make(each)
    study.push(quote(1, 10, 11))
    study.push(trade(1, 10, 1))
    const other = { code: 'IBS_STUDIES_CONTRACT_MIXED' }
    expect(() => [study.push({ ...quote(2, 10, 11), cid: 8314 }), study.push({ ...trade(2, 10, 1), cid: 8314 })]).toThrow(
      expect.objectContaining(other),
    )
  })
})

function expectFinite(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} is no JSON`)
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) expectFinite(each)
}

it('a study without a tick that counts has no snapshot and nothing to flush', () => {
  for (const each of CASES) {
    expect(make(each).snapshot()).toBeUndefined()
    expect(make(each).flush()).toEqual([])
  }
})

it('runs over an async source, and gives the open bar at its end', async () => {
  async function* source() {
    yield [trade(0, 10, 1), trade(30, 11, 1)]
    yield [trade(61, 12, 1)]
  }
  const got: StudyOutput[][] = []
  for await (const outputs of runStudy(prepareStudy('bars').create(), source())) got.push([...outputs])
  expect(got).toMatchObject([[{ ts: START_US, close: 11, complete: true }], [{ ts: START_US + 60_000_000, close: 12, complete: false }]])
})
