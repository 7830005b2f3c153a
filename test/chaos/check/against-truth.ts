import { diff, type Fault } from './diff.ts'

/** A tick as the gateway sent it: all fields but `st` as one text. */
export interface SentTick {
  /** When it was sent as far as the gateway's stamps tell, µs. */
  sentUs: number
  text: string
}

/** A tick as it was recorded. */
export interface RecordedTick extends SentTick {
  /** µs; rises strictly within a recording. */
  st: number
}

/** What ingest said of one stream: between these moments of its clock ticks may be missing. */
export interface DeclaredGap {
  fromUs: number
  toUs: number
}

/** Stamps of IB are whole seconds, and a stamp may be set just before the second's end. */
const STAMP_SLACK_US = 2_000_000

/**
 * Holds the recording of one (contract, tick type) to what the gateway sent: the same ticks in the same order, but for runs that are missing where a declared
 * gap ends, and that were sent while it was open. `st` must rise strictly.
 * @param slackUs how far outside of a gap the stamp of a missing tick may lie; more where the clock runs faster than the real one
 */
export function compareWithTruth(
  sent: readonly SentTick[],
  recorded: readonly RecordedTick[],
  gaps: readonly DeclaredGap[],
  slackUs = STAMP_SLACK_US,
): Fault[] {
  const faults = stampFaults(recorded)
  const wanted = sent.map(({ text }) => text)
  const parts = partsOf(recorded, gaps)
  let at = 0
  for (const [i, part] of parts.entries()) {
    const texts = part.ticks.map(({ text }) => text)
    const isLast = i === parts.length - 1
    const toTheEnd = isLast && !gaps.some(({ toUs }) => toUs >= (recorded.at(-1)?.st ?? 0))
    const place = placeOf(wanted, texts, { at, mayBeLater: part.gaps.length > 0, toTheEnd })
    if (place === undefined) {
      const end = toTheEnd ? wanted.length : roughEnd(wanted, texts, at)
      const start = part.gaps.length > 0 ? (find(wanted, texts.slice(0, AGREE), at) ?? at) : at
      faults.push(...diff(wanted.slice(start, end), texts))
      at = end
      continue
    }
    faults.push(...undeclared(sent.slice(at, place), { gaps: part.gaps, before: parts[i - 1]?.ticks.at(-1), slackUs }))
    at = place + texts.length
    if (isLast) faults.push(...undeclared(sent.slice(at), { gaps: gaps.slice(-3), before: recorded.at(-1), slackUs }))
  }
  return faults
}

function stampFaults(recorded: readonly RecordedTick[]): Fault[] {
  let [count, detail] = [0, '']
  for (let i = 1; i < recorded.length; i++) {
    const [before, after] = [recorded[i - 1]?.st ?? 0, recorded[i]?.st ?? 0]
    if (after > before) continue
    count += 1
    detail ||= `st ${after} stands behind ${before}`
  }
  return count > 0 ? [{ kind: 'misordered', count, detail }] : []
}

/** A run in which nothing may be missing, and the gaps between it and the run before. */
interface Part {
  ticks: readonly RecordedTick[]
  gaps: readonly DeclaredGap[]
}

function partsOf(recorded: readonly RecordedTick[], gaps: readonly DeclaredGap[]): Part[] {
  const cuts = new Set([0])
  for (const { fromUs, toUs } of gaps) {
    let i = recorded.findIndex(({ st }) => st > fromUs)
    if (i < 0) continue
    while (i < recorded.length && (recorded[i]?.st ?? 0) <= toUs) cuts.add(i++) // recorded while it was open: something may be missing before each
    if (i < recorded.length) cuts.add(i)
  }
  const places = [...cuts].sort((a, b) => a - b)
  return places.map((place, i) => {
    const [afterUs, beforeUs] = [recorded[place - 1]?.st ?? 0, recorded[place]?.st ?? Number.POSITIVE_INFINITY]
    return { ticks: recorded.slice(place, places[i + 1]), gaps: gaps.filter(({ fromUs, toUs }) => toUs >= afterUs && fromUs < beforeUs) }
  })
}

/** Where a run stands in what was sent; undefined where it does not stand there as it is. */
function placeOf(
  wanted: readonly string[],
  part: readonly string[],
  { at, mayBeLater, toTheEnd }: { at: number; mayBeLater: boolean; toTheEnd: boolean },
): number | undefined {
  const place = toTheEnd ? wanted.length - part.length : mayBeLater ? find(wanted, part, at) : at
  if (place === undefined || place < at || (place > at && !mayBeLater)) return undefined
  return standsAt(wanted, part, place) ? place : undefined
}

function undeclared(
  missing: readonly SentTick[],
  { gaps, before, slackUs }: { gaps: readonly DeclaredGap[]; before: RecordedTick | undefined; slackUs: number },
): Fault[] {
  const lateUs = before ? Math.max(0, before.st - before.sentUs) : 0 // how far ingest was behind the gateway then
  const outside = missing.filter(
    ({ sentUs }) => !gaps.some(({ fromUs, toUs }) => sentUs >= fromUs - lateUs - slackUs && sentUs <= toUs + slackUs),
  )
  const [first] = outside
  if (!first) return []
  return [{ kind: 'undeclared', count: outside.length, detail: `${first.text} is missing, declared is ${JSON.stringify(gaps)}` }]
}

function standsAt(wanted: readonly string[], part: readonly string[], at: number): boolean {
  return part.every((text, i) => wanted[at + i] === text)
}

function find(wanted: readonly string[], part: readonly string[], from: number): number | undefined {
  for (let at = from; at + part.length <= wanted.length; at++) if (standsAt(wanted, part, at)) return at
  return undefined
}

const AGREE = 3

/** Where a damaged part may end in what was sent: behind the first place from its length on that its last ticks agree with. */
function roughEnd(wanted: readonly string[], part: readonly string[], from: number): number {
  const tail = part.slice(-AGREE)
  const place = find(wanted, tail, from)
  return place === undefined ? Math.min(wanted.length, from + part.length) : place + tail.length
}
