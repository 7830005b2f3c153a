import { readArchive } from '../../support/parquet-files.ts'
import { decodeProto, type PlainTick, parseLines, readEvents, readTruth, withoutStamp } from '../../support/ticks.ts'
import { compareWithTruth, type DeclaredGap, type RecordedTick, type SentTick } from './against-truth.ts'
import { diff, FAULT_KINDS, type Fault, type FaultKind } from './diff.ts'
import { type Forgotten, type Given, judgeLive } from './live.ts'
import { judgeManifests } from './manifests.ts'
import type { Witness } from './spool-witness.ts'
import { readTree, type Tree } from './tree.ts'

/** A tick that a live client was given. */
export type LiveTick = Witness & Given

/** An answer of the HTTP API that was asked for in the middle of it all. */
export interface Probe {
  stream: string
  /** Asked for, µs; the end is not included. */
  startUs: number
  endUs: number
  /** `st` of each tick of the answer, in its order. */
  stamps: readonly number[]
  /** Newest `st` that a live client had of this stream before the question was sent, where the answer says that it is whole; else 0. */
  seenUs: number
}

export interface Evidence {
  dataDir: string
  truthFile: string
  live: readonly LiveTick[]
  /** Times of which live clients were told that the log had forgotten what came. @default none */
  forgotten?: readonly Forgotten[]
  witnesses: readonly Witness[]
  probes: readonly Probe[]
  /** Recorder events as the stream EVENTS has them, a line each, in its order; absent where nobody asked for them. */
  events?: readonly string[]
  /** Everything that the API has of one contract, asked for at the end. */
  ask: (cid: number) => Promise<PlainTick[]>
}

export interface Verdict {
  sent: number
  recorded: number
  /** Ticks missing inside declared gaps. */
  declaredMissing: number
  gaps: number
  /** Versions of closed files in the manifests. */
  manifestEntries: number
  /** Recorder events in the files. */
  events: number
  counts: Record<FaultKind, number>
  /** For a person: where each fault was seen. */
  findings: string[]
}

/** Holds every backend, the manifests, the live streams and the answers to what the gateway sent. The writers have ended. */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const { dataDir, truthFile } = evidence
  const verdict: Verdict = {
    sent: 0,
    recorded: 0,
    declaredMissing: 0,
    gaps: 0,
    manifestEntries: 0,
    events: 0,
    counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 },
    findings: [],
  }
  const add = (where: string, faults: readonly Fault[]) => {
    for (const { kind, count, detail } of faults) {
      verdict.counts[kind] += count
      verdict.findings.push(`${where}: ${count} ${kind} (${detail})`)
    }
  }
  const tree = await readTree(dataDir)
  const manifests = judgeManifests(tree)
  verdict.manifestEntries = manifests.entries
  add('manifests', manifests.faults)
  const sent = sentByStream(await readTruth(truthFile))
  const json = recordedByStream(tree, 'json/', (bytes) => parseLines(bytes.toString('utf8')))
  const proto = recordedByStream(tree, 'pb/', decodeProto)
  add('json', json.faults)
  add('pb', proto.faults)
  const archive = tree.hasArchive
    ? grouped(await readArchive(dataDir, (path) => tree.listed.has(path)), streamOf, (tick) => recordedOf(tick))
    : undefined
  const events = await readEvents(dataDir)
  verdict.events = events.length
  if (evidence.events) add('events', judgeEvents(tree, evidence.events))
  const gaps = gapsByStream(events)
  const lostEvents = events.filter(({ kind }) => kind === 'lost')
  if (lostEvents.length > 0) add('events', [{ kind: 'lost', count: lostEvents.length, detail: JSON.stringify(lostEvents[0]) }])
  const live = grouped(
    evidence.live,
    ({ stream }) => stream,
    (tick) => tick,
  )
  const streams = new Set([...sent.keys(), ...json.streams.keys(), ...proto.streams.keys(), ...(archive?.keys() ?? []), ...live.keys()])
  for (const stream of streams) {
    const [truth, ticks] = [sent.get(stream) ?? [], json.streams.get(stream) ?? []]
    const declared = gaps.get(stream) ?? []
    verdict.sent += truth.length
    verdict.recorded += ticks.length
    verdict.gaps += declared.length
    add(`json ${stream}`, compareWithTruth(truth, ticks, declared))
    add(`pb ${stream}`, diff(ticks.map(asText), (proto.streams.get(stream) ?? []).map(asText)))
    if (archive) add(`parquet ${stream}`, diff(ticks.map(asText), (archive.get(stream) ?? []).map(asText)))
    add(`live ${stream}`, judgeLive(live.get(stream) ?? [], ticks, evidence.forgotten ?? []))
  }
  verdict.declaredMissing = verdict.sent - verdict.recorded
  add('spool', missingWitnesses(evidence.witnesses, json.streams))
  for (const probe of evidence.probes) add(`HTTP ${probe.stream}`, judgeProbe(probe, json.streams.get(probe.stream) ?? []))
  const recorded = [...json.streams.values()]
  for (const cid of new Set(recorded.flatMap((ticks) => ticks[0]?.cid ?? []))) {
    const wanted = recorded.filter((ticks) => ticks[0]?.cid === cid).flat()
    wanted.sort((a, b) => a.ts - b.ts || a.st - b.st)
    const answer = (await evidence.ask(cid)).map((tick) => recordedOf(tick))
    add(`HTTP ${cid}`, diff(wanted.map(asText), answer.map(asText)))
  }
  return verdict
}

export const isClean = ({ counts }: Verdict): boolean => FAULT_KINDS.every((kind) => counts[kind] === 0)

type Recorded = RecordedTick & { cid: number; ts: number }

/** Each day's file has what the stream has of that day, in its order. */
function judgeEvents({ files }: Tree, stored: readonly string[]): Fault[] {
  const wanted = grouped(
    stored,
    (line) => `events/${dayOf(line)}.jsonl`,
    (line) => line,
  )
  const paths = new Set([...wanted.keys(), ...[...files.keys()].filter((path) => path.startsWith('events/'))])
  return [...paths].flatMap((path) => {
    const lines = files.get(path)?.toString('utf8').split('\n') ?? ['']
    const torn = lines.pop() ?? ''
    return diff(wanted.get(path) ?? [], torn === '' ? lines : [...lines, torn]).map((fault) => ({
      ...fault,
      detail: `${path}: ${fault.detail}`,
    }))
  })
}

const dayOf = (line: string): string => new Date((JSON.parse(line) as { st: number }).st / 1_000).toISOString().slice(0, 10)

const asText = ({ st, text }: RecordedTick): string => `${st} ${text}`

const recordedOf = ({ ts, st = 0, cid, ...rest }: PlainTick, sentUs = ts): Recorded => ({
  ts,
  st,
  cid,
  sentUs,
  text: withoutStamp({ ts, cid, ...rest }),
})

const streamOf = ({ cid, tt }: { cid: unknown; tt: unknown }): string => `${cid}_${tt}`

function sentByStream(ticks: readonly PlainTick[]): Map<string, SentTick[]> {
  const sentUsOf = whenSent()
  return grouped(ticks, streamOf, (tick) => ({ sentUs: sentUsOf(tick), text: withoutStamp(tick) }))
}

/** The gateway's stamps may be hours behind for a while; when a tick was sent is then known only to the newest stamp of its stream so far. */
function whenSent(): (tick: PlainTick) => number {
  const newestUs = new Map<string, number>()
  return (tick) => {
    const sentUs = Math.max(tick.ts, newestUs.get(streamOf(tick)) ?? 0)
    newestUs.set(streamOf(tick), sentUs)
    return sentUs
  }
}

/** Each file is in the order of arrival; so are the streams when the ticks of their files are put together by `st`. */
function recordedByStream(
  { files }: Tree,
  folder: string,
  decode: (bytes: Buffer) => PlainTick[],
): { streams: Map<string, Recorded[]>; faults: Fault[] } {
  const all: PlainTick[] = []
  const faults: Fault[] = []
  for (const [path, bytes] of files) {
    if (!path.startsWith(folder)) continue
    const ticks = decode(bytes)
    const wrong = ticks.filter(({ st = 0 }, i) => i > 0 && st <= (ticks[i - 1]?.st ?? 0))
    if (wrong.length > 0)
      faults.push({ kind: 'misordered', count: wrong.length, detail: `${path}: st does not rise at ${JSON.stringify(wrong[0])}` })
    for (const tick of ticks) all.push(tick)
  }
  all.sort((a, b) => (a.st ?? 0) - (b.st ?? 0))
  const sentUsOf = whenSent()
  return { streams: grouped(all, streamOf, (tick) => recordedOf(tick, sentUsOf(tick))), faults }
}

function gapsByStream(events: readonly { [field: string]: unknown }[]): Map<string, DeclaredGap[]> {
  const gaps = events.filter(({ kind }) => kind === 'gap')
  return grouped(
    gaps,
    ({ cid, tt }) => streamOf({ cid, tt }),
    ({ fromUs, toUs }) => ({ fromUs: Number(fromUs), toUs: Number(toUs) }),
  )
}

function grouped<In, Out>(items: readonly In[], keyOf: (item: In) => string, toOut: (item: In) => Out): Map<string, Out[]> {
  const groups = new Map<string, Out[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(toOut(item))
    else groups.set(keyOf(item), [toOut(item)])
  }
  return groups
}

function missingWitnesses(witnesses: readonly Witness[], json: ReadonlyMap<string, readonly Recorded[]>): Fault[] {
  const recorded = new Map([...json].map(([stream, ticks]) => [stream, new Set(ticks.map(({ st }) => st))]))
  const missing = witnesses.filter(({ stream, st }) => !recorded.get(stream)?.has(st))
  if (missing.length === 0) return []
  return [
    { kind: 'lost', count: missing.length, detail: `in the spool when ingest was killed, not in the files: ${JSON.stringify(missing[0])}` },
  ]
}

/**
 * While things fail an answer may end where the log ended then, but it has no hole, nothing twice, and whatever a live client had seen before.
 */
export function judgeProbe({ startUs, endUs, stamps, seenUs }: Probe, recorded: readonly Pick<Recorded, 'ts' | 'st'>[]): Fault[] {
  const inRange = recorded.filter(({ ts }) => ts >= startUs && ts < endUs)
  const lastUs = Math.max(seenUs, stamps.at(-1) ?? 0)
  const wanted = inRange.filter(({ st }) => st <= lastUs).map(({ st }) => String(st))
  return diff(wanted, stamps.map(String))
}
