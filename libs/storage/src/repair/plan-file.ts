import { encodeTickJson } from '../codec/json.ts'
import { BACKENDS, type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { Disk } from '../segment/disk.ts'
import type { FileFacts } from '../verify/facts.ts'
import { readRecords } from '../verify/read-records.ts'
import { allBytes, archived, type Content, cutTo, isSame, readableBytes, reencoded, type Sum, sumOf, tallyOf, ticksOf } from './content.ts'

/** What is done for a damaged file. */
export const REPAIR_WORDS = [
  'restored', // exactly the bytes that were vouched for
  'rebuilt', // all ticks of the other backend, which is whole and has every tick that could be read here; of a manifest: its entries
  'entered', // left as it is, and its manifest has an entry of it now
  'salvaged', // the records that can be read, without the rest
  'left', // nothing: `detail` says what to do
] as const
export type RepairWord = (typeof REPAIR_WORDS)[number]

export interface FilePlan {
  did: RepairWord
  detail: string
  /** What the file is to hold. */
  write?: { content: Content; sum: Sum }
  /** What its manifest is to say. */
  entry?: ManifestEntry
}

/** The same hour in another backend. */
export interface OtherFile {
  path: string
  /** Where its hour is closed there and it is as its manifest says; otherwise only a sum can prove what comes from it. */
  wholeBy: ManifestEntry | undefined
}

export interface PlanGround {
  disk: Disk
  dataDir: string
}

const FROM_NO_LOG = { firstSeq: 0, lastSeq: 0 }

/** Decides, and writes nothing: exact bytes if anything proves them, of the other backend or of the archive; then all ticks of a whole other backend, then what can be read. */
export async function planFile(ground: PlanGround, path: string, facts: FileFacts, other: OtherFile | undefined): Promise<FilePlan> {
  const plan = new Planning(ground, path, other)
  if (facts.committedBytes !== undefined) return plan.ofOpenFile(facts.tally)
  const { entry } = facts
  return (entry && (await plan.fromOthers(entry))) ?? (await plan.fromWholeOther(entry)) ?? (await plan.fromItself(entry))
}

class Planning {
  readonly #theirs: Content | undefined
  /** What may have the ticks, by name. */
  readonly #sources: readonly { of: string; content: Content }[]
  readonly #ground: PlanGround
  readonly #path: string
  readonly #other: OtherFile | undefined
  readonly #readable: Content

  constructor(ground: PlanGround, path: string, other: OtherFile | undefined) {
    const [backend, segment] = [encodingOf(path), parseSegmentPath(path)]
    this.#ground = ground
    this.#path = path
    this.#other = other
    this.#readable = readableBytes(ground.disk, ground.dataDir, path)
    this.#theirs = backend && other && reencoded(ground.dataDir, other.path, backend)
    const isOfArchive = segment === undefined || segment.backend === SEALED_BACKEND
    this.#sources = [
      ...(this.#theirs && other ? [{ of: other.path, content: this.#theirs }] : []),
      ...(backend && !isOfArchive ? [{ of: 'the archive', content: archived(ground.dataDir, segment, backend) }] : []),
    ]
  }

  /** The checkpoint lists it, so it has to hold what that says; the other backend may be further. */
  async ofOpenFile(tally: Sum | undefined): Promise<FilePlan> {
    const found = tally && (await this.fromOthers(tally, (content) => cutTo(content, tally.bytes)))
    return found ?? { did: 'left', detail: 'the checkpoint lists it and no other backend has its bytes: restore it from a copy' }
  }

  /** What another backend has, or the part of it that is asked for, where that gives the very sum. */
  async fromOthers(promise: Sum, partOf = (content: Content) => content): Promise<FilePlan | undefined> {
    for (const { of, content } of this.#sources) {
      const found = await this.#exactly(promise, partOf(content), `the ticks of ${of} give its sum`).catch(unlessDamaged)
      if (found) return found
    }
    return undefined
  }

  async #exactly(promise: Sum, content: Content, proof: string): Promise<FilePlan | undefined> {
    const sum = await sumOf(content)
    return isSame(sum, promise) ? { did: 'restored', detail: proof, write: { content, sum } } : undefined
  }

  /** Entries are of one version of a file, and a later one may be lost: so the other backend counts for more than an entry that it does not fit. */
  async fromWholeOther(entry: ManifestEntry | undefined): Promise<FilePlan | undefined> {
    const theirs = this.#theirs
    const whole = this.#other?.wholeBy
    if (!whole || !theirs || whole.count < (entry?.count ?? 0) || !(await this.#isWithinOther(whole.path))) return undefined
    const tally = await tallyOf(theirs, this.#path, whole)
    const made = { entry: { path: this.#path, ...tally } }
    if (isSame(tally, await sumOf(allBytes(this.#ground.disk, this.#path)))) {
      return { did: 'entered', detail: `it holds the ${tally.count} ticks of ${whole.path}`, ...made }
    }
    return { did: 'rebuilt', detail: `from the ${tally.count} ticks of ${whole.path}`, write: { content: theirs, sum: tally }, ...made }
  }

  async fromItself(entry: ManifestEntry | undefined): Promise<FilePlan> {
    const readable = this.#readable
    const sum = await sumOf(readable)
    const present = await sumOf(allBytes(this.#ground.disk, this.#path))
    const allCanBeRead = isSame(sum, present)
    if (entry && (!allCanBeRead || this.#other?.wholeBy)) {
      const found = await this.#exactly(entry, cutTo(readable, entry.bytes), 'what was in it too much is taken out')
      if (found) return found
    }
    if (sum.bytes === 0)
      return { did: 'left', detail: 'nothing of it can be read, and no other backend has it whole: restore it from a copy' }
    const tally = await tallyOf(readable, this.#path, FROM_NO_LOG)
    if (allCanBeRead && entry && present.bytes <= entry.bytes && tally.count === entry.count) {
      return { did: 'left', detail: 'all its records can be read, but values were changed or records moved: restore it from a copy' }
    }
    const lost = Math.max(0, (entry?.count ?? 0) + (entry?.lostCount ?? 0) - tally.count)
    const made = {
      entry: {
        path: this.#path,
        ...tally,
        ...(entry?.removedCount ? { removedCount: entry.removedCount } : {}),
        ...(lost > 0 ? { lostCount: lost } : {}),
      },
    }
    if (allCanBeRead && (!entry || present.bytes > entry.bytes)) {
      return { did: 'entered', detail: `all its ${tally.count} records can be read; nothing says that they are as they were`, ...made }
    }
    const of = entry ? ` of ${entry.count}` : ''
    const salvaged = { did: 'salvaged' as const, detail: `${tally.count}${of} ticks can be read`, ...made }
    return allCanBeRead ? salvaged : { ...salvaged, write: { content: readable, sum } }
  }

  /** True where every tick that can be read here is in the other file, as often. */
  async #isWithinOther(otherPath: string): Promise<boolean> {
    const { disk, dataDir } = this.#ground
    const left = new Map<string, number>()
    if ((await disk.size(this.#path)) !== undefined) {
      for await (const line of linesOf(dataDir, this.#path)) left.set(line, (left.get(line) ?? 0) + 1)
    }
    for await (const line of linesOf(dataDir, otherPath)) {
      const count = left.get(line)
      if (count === 1) left.delete(line)
      else if (count !== undefined) left.set(line, count - 1)
    }
    return left.size === 0
  }
}

/** What is damaged itself proves nothing. */
function unlessDamaged(error: unknown): undefined {
  if (Error.isError(error) && error.name === 'StorageError') return undefined
  throw error
}

/** Rows that wait to be sealed are protobuf. */
function encodingOf(path: string): OwnBackend | undefined {
  const backend = parseSegmentPath(path)?.backend
  return backend === SEALED_BACKEND ? 'pb' : BACKENDS.find((each) => each === backend)
}

async function* linesOf(dataDir: string, path: string): AsyncGenerator<string, void, undefined> {
  for await (const records of readRecords(dataDir, path, Number.POSITIVE_INFINITY)) {
    for (const tick of ticksOf(records)) yield encodeTickJson(tick)
  }
}
