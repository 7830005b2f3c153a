import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { compareWithTruth, type DeclaredGap, type RecordedTick, type SentTick } from './against-truth.ts'
import { diff } from './diff.ts'

const SECOND_US = 1_000_000
const START_US = 1_753_884_000 * SECOND_US

/** Ten ticks a second; with few different values, so that equal neighbours are common, as in a real market. */
function sentTicks(count: number, values = 4): SentTick[] {
  return Array.from({ length: count }, (_, i) => {
    const sentUs = START_US + Math.floor(i / 10) * SECOND_US
    return { sentUs, text: `${sentUs} ${(i * 7) % values}` }
  })
}

const record = (sent: readonly SentTick[]): RecordedTick[] => sent.map((tick, i) => ({ ...tick, st: START_US + i * 100_000 + 500 }))

/** The recording without the ticks `from` to `to`, and the gap that says so. */
function withGap(sent: readonly SentTick[], from: number, to: number): { recorded: RecordedTick[]; gaps: DeclaredGap[] } {
  const all = record(sent)
  const fromUs = all[from - 1]?.st ?? START_US
  const toUs = (all[to]?.st ?? 0) - 1
  return { recorded: [...all.slice(0, from), ...all.slice(to)], gaps: [{ fromUs, toUs }] }
}

const kinds = (faults: readonly { kind: string; count: number }[]) => faults.map(({ kind, count }) => `${kind} ${count}`)

describe('a recording held to the truth', () => {
  const sent = sentTicks(400, 97)

  it('finds nothing wrong with an equal recording, or with one that lacks a run inside a declared gap', () => {
    expect(compareWithTruth(sent, record(sent), [])).toEqual([])
    const { recorded, gaps } = withGap(sent, 100, 130)
    expect(compareWithTruth(sent, recorded, gaps)).toEqual([])
  })

  it('finds a planted loss: first, last, in the middle, and one beside a declared gap', () => {
    const all = record(sent)
    expect(kinds(compareWithTruth(sent, all.slice(1), []))).toEqual(['lost 1'])
    expect(kinds(compareWithTruth(sent, all.slice(0, -1), []))).toEqual(['lost 1'])
    expect(kinds(compareWithTruth(sent, all.toSpliced(200, 3), []))).toEqual(['lost 3'])
    const { recorded, gaps } = withGap(sent, 100, 130)
    expect(kinds(compareWithTruth(sent, recorded.toSpliced(50, 1), gaps))).toEqual(['lost 1'])
    expect(kinds(compareWithTruth(sent, recorded.toSpliced(250, 2), gaps))).toEqual(['lost 2'])
  })

  it('finds a double, a swap and a change', () => {
    const all = record(sent)
    const at = (i: number) => all[i] as RecordedTick
    expect(kinds(compareWithTruth(sent, all.toSpliced(200, 0, { ...at(200), st: at(199).st + 1 }), []))).toEqual(['doubled 1'])
    const again = all.slice(150, 160).map((tick, i) => ({ ...tick, st: at(199).st + 1 + i }))
    expect(kinds(compareWithTruth(sent, all.toSpliced(200, 0, ...again), []))).toEqual(['doubled 10'])
    const swapped = all.with(200, { ...at(201), st: at(200).st }).with(201, { ...at(200), st: at(201).st })
    expect(kinds(compareWithTruth(sent, swapped, []))).toEqual(['misordered 2'])
    expect(kinds(compareWithTruth(sent, all.with(200, { ...at(200), text: 'other' }), []))).toEqual(['changed 1'])
  })

  it('finds a tick that was recorded twice with one stamp', () => {
    const all = record(sent)
    expect(kinds(compareWithTruth(sent, all.toSpliced(200, 0, all[200] as RecordedTick), []))).toEqual(['misordered 1', 'doubled 1'])
  })

  it('finds a hole that the gap does not reach over in time', () => {
    const { recorded, gaps } = withGap(sent, 100, 200) // 10 s of ticks
    const [gap] = gaps as [DeclaredGap]
    const late = { ...gap, fromUs: gap.fromUs + 5 * SECOND_US }
    expect(kinds(compareWithTruth(sent, recorded, [late]))).toEqual(['undeclared 20']) // 2 s are slack, and ingest was up to 1 s behind the stamps
  })

  it('takes what is missing at the end where the recorder said so, and not else', () => {
    const recorded = record(sent).slice(0, 350)
    const last = recorded.at(-1)?.st ?? 0
    expect(compareWithTruth(sent, recorded, [{ fromUs: last, toUs: last + 5 * SECOND_US }])).toEqual([])
    expect(kinds(compareWithTruth(sent, recorded, []))).toEqual(['lost 50'])
  })

  it('property: a recording with holes in declared gaps is right, however alike the ticks are; with one tick less or more it is not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 398 }), { maxLength: 8 }),
        fc.nat(399),
        (values, edges, victim) => {
          const ticks = sentTicks(400, values)
          const all = record(ticks)
          const bounds = [...new Set(edges)].sort((a, b) => a - b)
          const holes = bounds.flatMap((from, i) =>
            i % 2 === 0 && bounds[i + 1] !== undefined ? [[from, bounds[i + 1] as number] as const] : [],
          )
          const inHole = (i: number) => holes.some(([from, to]) => i >= from && i < to)
          const recorded = all.filter((_, i) => !inHole(i))
          const gaps = holes.map(([from, to]) => ({ fromUs: all[from - 1]?.st ?? 0, toUs: (all[to]?.st ?? 0) - 1 }))
          expect(compareWithTruth(ticks, recorded, gaps)).toEqual([])
          if (holes.length > 0) return
          expect(compareWithTruth(ticks, recorded.toSpliced(victim, 1), gaps)).not.toEqual([])
          const twin = recorded[victim] as RecordedTick
          expect(compareWithTruth(ticks, recorded.toSpliced(victim, 0, { ...twin, st: twin.st - 1 }), gaps)).not.toEqual([])
        },
      ),
    )
  })
})

describe('two runs compared', () => {
  it('counts what is lost, doubled, misordered and changed', () => {
    const run = Array.from({ length: 100 }, (_, i) => `tick ${i}`)
    expect(diff(run, run)).toEqual([])
    expect(kinds(diff(run, run.slice(3)))).toEqual(['lost 3'])
    expect(kinds(diff(run, [...run, ...run.slice(90)]))).toEqual(['doubled 10'])
    expect(kinds(diff(run, [...run.slice(50), ...run.slice(0, 50)]))).toEqual(['misordered 50'])
    expect(kinds(diff(run, run.with(7, 'tick 7.5')))).toEqual(['changed 1'])
    expect(kinds(diff(run, []))).toEqual(['lost 100'])
    expect(kinds(diff([], run))).toEqual(['changed 100'])
  })
})
