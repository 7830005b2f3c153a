import { describe, expect, it } from '@jest/globals'
import type { PlainTick } from '../../support/ticks.ts'
import { type Evidence, isClean, judge } from './judge.ts'
import {
  CLOSED,
  EVENTS,
  EVENTS_FILE,
  encode,
  LISTED,
  MANIFEST,
  manifestLine,
  onDisk,
  plantEvents,
  TICKS,
  wholeTree,
} from './planted-tree.ts'

const STREAM = '265598_last'
const live = TICKS.map(({ st }) => ({ stream: STREAM, st }))
const inListed = TICKS.slice(10)

type Damage = (list: readonly PlainTick[]) => PlainTick[]
const at = (list: readonly PlainTick[], i: number) => list[i] as PlainTick
const DAMAGES: Record<string, Damage> = {
  lost: (list) => list.toSpliced(5, 1),
  doubled: (list) => list.toSpliced(6, 0, at(list, 5)),
  misordered: (list) => list.with(5, at(list, 6)).with(6, at(list, 5)),
  changed: (list) => list.with(5, { ...at(list, 5), p: 1 }),
}

async function verdictOf(tree: ReturnType<typeof wholeTree>, evidence: Partial<Evidence> = {}) {
  await using ground = await onDisk(tree)
  return await judge({ ...ground, live, witnesses: [], probes: [], events: EVENTS, ask: async () => [...TICKS], ...evidence })
}

describe('the judge of a run', () => {
  it('finds nothing wrong where nothing is', async () => {
    const verdict = await verdictOf(wholeTree(), { witnesses: [{ stream: STREAM, st: live[3]?.st ?? 0 }] })
    expect(verdict.findings).toEqual([])
    expect(verdict).toMatchObject({ sent: 40, recorded: 40, declaredMissing: 0, manifestEntries: 4, events: 12 })
    expect(isClean(verdict)).toBe(true)
  })

  describe.each(Object.keys(DAMAGES))('finds what is %s', (kind) => {
    const damage = DAMAGES[kind] as Damage

    it.each(['json', 'pb'] as const)('in the files of %s', async (backend) => {
      const tree = wholeTree()
      const bytes = encode[backend](damage(inListed))
      tree.files.set(LISTED[backend], bytes)
      tree.listed.set(LISTED[backend], bytes.length)
      const { counts, findings } = await verdictOf(tree)
      expect(counts[kind as keyof typeof counts]).toBeGreaterThan(0)
      expect(findings.some((finding) => finding.startsWith(backend))).toBe(true)
    })

    it.each(['sealed', 'rows'] as const)('in the archive: %s', async (part) => {
      const tree = wholeTree()
      const list = tree.archive[part]
      // in what order they lie does not count, `st` tells it
      tree.archive[part] = kind === 'misordered' ? list.with(5, { ...at(list, 5), st: at(list, 6).st ?? 0 }) : damage(list)
      const { counts, findings } = await verdictOf(tree)
      expect(counts.lost + counts.doubled + counts.misordered + counts.changed).toBeGreaterThan(0)
      expect(findings.every((finding) => finding.startsWith('parquet'))).toBe(true)
    })

    it('in all backends alike, where only the gateway’s own log tells', async () => {
      const tree = wholeTree()
      for (const backend of ['json', 'pb'] as const) {
        const bytes = encode[backend](damage(inListed))
        tree.files.set(LISTED[backend], bytes)
        tree.listed.set(LISTED[backend], bytes.length)
      }
      tree.archive.rows = damage(inListed)
      const { counts } = await verdictOf(tree, { ask: async () => [...TICKS.slice(0, 10), ...damage(inListed)] })
      expect(counts[kind as keyof typeof counts]).toBeGreaterThan(0)
    })

    it('in an answer over HTTP', async () => {
      const { counts, findings } = await verdictOf(wholeTree(), { ask: async () => damage(TICKS) })
      expect(counts[kind as keyof typeof counts]).toBeGreaterThan(0)
      expect(findings).toEqual([expect.stringMatching(/^HTTP 265598/)])
    })

    it('in a closed file behind its manifest', async () => {
      const tree = wholeTree()
      tree.files.set(CLOSED.json, encode.json(damage(TICKS.slice(0, 10))))
      const { findings } = await verdictOf(tree)
      expect(findings.some((finding) => finding.startsWith('manifests'))).toBe(true)
    })
  })

  it('finds a manifest that vouches for damaged files', async () => {
    const tree = wholeTree()
    const ticks = TICKS.slice(0, 9)
    for (const backend of ['json', 'pb'] as const) {
      const bytes = encode[backend](ticks)
      tree.files.set(CLOSED[backend], bytes)
      tree.manifests.set(MANIFEST.replace('json', backend), manifestLine(CLOSED[backend], bytes, ticks))
    }
    const { counts } = await verdictOf(tree, { ask: async () => [...ticks, ...inListed] })
    expect(counts.lost).toBeGreaterThan(0)
  })

  it('finds recorder events that are lost, doubled, in another order, changed, torn, or that the stream never had', async () => {
    const at = (i: number) => EVENTS[i] ?? ''
    const damages: Record<string, readonly string[]> = {
      lost: EVENTS.toSpliced(5, 1),
      doubled: EVENTS.toSpliced(6, 0, at(5)),
      misordered: EVENTS.with(5, at(6)).with(6, at(5)),
      changed: EVENTS.with(5, at(5).replace('last', 'mid_point')),
    }
    for (const [kind, lines] of Object.entries(damages)) {
      const { counts, findings } = await verdictOf(plantEvents(wholeTree(), lines))
      expect([kind, counts[kind as keyof typeof counts]]).not.toEqual([kind, 0])
      expect(findings).toEqual([expect.stringMatching(/^events: .*events\/2025-07-30/)])
    }
    const gone = wholeTree()
    gone.files.delete(EVENTS_FILE)
    gone.listed.delete(EVENTS_FILE)
    expect((await verdictOf(gone)).counts.lost).toBe(EVENTS.length)
    expect((await verdictOf(wholeTree(), { events: EVENTS.slice(0, -1) })).counts.changed).toBe(1)
  })

  it('finds what a live client was not given, was given twice, or in another order', async () => {
    for (const given of [
      live.toSpliced(5, 1),
      live.toSpliced(5, 0, live[5] as never),
      live.with(5, live[6] as never).with(6, live[5] as never),
    ])
      expect((await verdictOf(wholeTree(), { live: given })).findings).toEqual([expect.stringMatching(/^live/)])
  })

  it('finds what stood in the spool of a killed ingest and is nowhere', async () => {
    const { counts } = await verdictOf(wholeTree(), { witnesses: [{ stream: STREAM, st: 1 }] })
    expect(counts.lost).toBe(1)
  })

  it('finds an answer in the middle of it all that has a hole, or ends before what was seen live', async () => {
    const probe = { stream: STREAM, startUs: TICKS[10]?.ts ?? 0, endUs: TICKS[30]?.ts ?? 0 }
    const stamps = TICKS.slice(10, 30).map(({ st }) => st)
    const probes = (given: readonly number[], seenUs: number) => ({ probes: [{ ...probe, stamps: given, seenUs }] })
    expect(isClean(await verdictOf(wholeTree(), probes(stamps.slice(0, 12), 0)))).toBe(true)
    expect((await verdictOf(wholeTree(), probes(stamps.toSpliced(4, 1), 0))).counts.lost).toBe(1)
    expect((await verdictOf(wholeTree(), probes(stamps.slice(0, 12), stamps[13] ?? 0))).counts.lost).toBe(2)
  })
})
