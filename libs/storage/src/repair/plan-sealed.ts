import { partitionOf, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import type { TickColumns } from '../codec/columns.ts'
import { BACKENDS, type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import type { SealedPath } from '../layout/sealed-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import type { Footer, SealedFacts, SealedHour } from '../parquet/footer.ts'
import { LEVEL } from '../parquet/seal-columns.ts'
import { readFooter, type SealedBytes } from '../parquet/sealed-file.ts'
import { ALL_ROWS, sealedRows } from '../parquet/sealed-rows.ts'
import type { SealedHead } from '../parquet/sealed-writer.ts'
import { openRange } from '../query/open-range.ts'
import { rowsUntil } from '../query/rows-until.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import type { PlanGround, RepairWord } from './plan-file.ts'
import { type HoursOfDay, hourText, isWithin, wholeHours } from './whole-hours.ts'

/** A file that could stand in the place of a damaged one. Whether it may is seen when it is made. */
export interface SealedCandidate {
  did: RepairWord
  head: SealedHead
  level: number
  columns: () => AsyncIterable<TickColumns>
  /** @returns in words what speaks for it; undefined where nothing does */
  accept: (made: { facts: SealedFacts; bytes: number }) => { detail: string } | { refused: string }
  /** Rows that are in it. */
  rows: readonly string[]
}

export interface SealedPlan {
  /** The best first. */
  candidates: readonly SealedCandidate[]
  /** Why there are no more of them. */
  why: readonly string[]
}

/** An encoder of another version makes other bytes of the same ticks, but not many fewer. */
const LEAST_SHARE_OF_BYTES = 0.95

/**
 * What a damaged or missing sealed file can be made of. Where its footer can be read that says which ticks it held: those are in it, or in open files up to the newest `st` of
 * each hour, and its own sum proves them. Else all that an open-file backend has up to the position of the archive, where that one is known to be whole.
 */
export async function planSealed(ground: PlanGround, path: SealedPath): Promise<SealedPlan> {
  const file = await bytesOf(ground, path.path)
  const footer = file && (await readFooter(file).catch(() => undefined))
  if (footer && (footer.facts.cid !== path.cid || footer.facts.tt !== path.tt)) {
    return { candidates: [], why: [`it holds ${footer.facts.tt} of ${footer.facts.cid}: move it to where it belongs, then repair again`] }
  }
  const planning = new SealedPlanning(ground, path, footer, file)
  return { candidates: [...(await planning.exactly()), ...(await planning.anew())], why: planning.why }
}

async function bytesOf({ disk }: PlanGround, path: string): Promise<SealedBytes | undefined> {
  const sizeBytes = await disk.size(path)
  return sizeBytes === undefined ? undefined : { path, sizeBytes, read: (at, length) => disk.read(path, at, length) }
}

type Columns = () => AsyncIterable<TickColumns>

class SealedPlanning {
  readonly why: string[] = []
  readonly #ground: PlanGround
  readonly #path: SealedPath
  readonly #footer: Footer | undefined
  readonly #file: SealedBytes | undefined

  constructor(ground: PlanGround, path: SealedPath, footer: Footer | undefined, file: SealedBytes | undefined) {
    this.#ground = ground
    this.#path = path
    this.#footer = footer
    this.#file = file
  }

  get #span(): HoursOfDay {
    const { cid, tt, dayUs, hourUs } = this.#path
    return hourUs === undefined
      ? { cid, tt, startUs: dayUs, endUs: dayUs + US_PER_DAY }
      : { cid, tt, startUs: hourUs, endUs: hourUs + US_PER_HOUR }
  }

  /** The ticks that the footer names. A day that late ticks were merged into was made as hours are. */
  async exactly(): Promise<SealedCandidate[]> {
    const footer = this.#footer
    if (footer === undefined) return []
    const { version: _version, count, hours, crc32c, ...head } = footer.facts
    const parts: { of: string; columns: Columns }[] = []
    for (const hour of hours) {
      const part = await this.#partOf(hour)
      if (part === undefined) {
        this.why.push(`no backend has just the ${hour.count} ticks that it had of ${hourText(hour.hourUs)}`)
        return []
      }
      parts.push(part)
    }
    const from = [...new Set(parts.map(({ of }) => of))].join(' and ')
    const accept: SealedCandidate['accept'] = ({ facts }) =>
      facts.crc32c === crc32c && facts.count === count
        ? { detail: `the ${count} ticks of ${from} give its sum` }
        : { refused: `the ticks of ${from} do not give its sum` }
    const columns = () => oneAfterTheOther(parts.map((part) => part.columns))
    const levels = this.#path.hourUs === undefined ? [LEVEL.day, LEVEL.hour] : [LEVEL.hour]
    return levels.map((level) => ({ did: 'restored' as const, head, level, columns, accept, rows: [] }))
  }

  /** An hour from the file itself where its pages hold, else from what has exactly as many ticks of it. */
  async #partOf(hour: SealedHour): Promise<{ of: string; columns: Columns } | undefined> {
    const own = () => this.#ownRows(hour)
    if ((await countIn(own)) === hour.count) return { of: 'the file itself', columns: own }
    for (const backend of BACKENDS) {
      const columns = () => this.#rowsOf(backend, hour.hourUs, hour.lastSt)
      if ((await countIn(columns)) === hour.count) return { of: backend, columns }
    }
    return undefined
  }

  #ownRows({ hourUs }: SealedHour): AsyncIterable<TickColumns> {
    const filter = { ...ALL_ROWS, fromTs: hourUs, toTs: hourUs + US_PER_HOUR }
    return sealedRows(this.#file as SealedBytes, this.#footer as Footer, { filter, order: 'ascending', rows: BATCH_TICKS, life: 'kept' })
  }

  /** Of one backend, in query order. In one recording `st` is the order of the log. */
  async *#rowsOf(backend: OwnBackend, hourUs: number, untilStUs: number): AsyncGenerator<TickColumns, void, undefined> {
    const { cid, tt } = this.#path
    const hour = { startUs: hourUs, endUs: hourUs + US_PER_HOUR }
    await using range = await openRange({ dataDir: this.#ground.dataDir, backends: [backend], cids: [cid], tts: [tt], ...hour })
    for await (const columns of range.columns({ batchTicks: BATCH_TICKS })) {
      const rows = rowsUntil(columns, untilStUs)
      if (rows.length > 0) yield rows
    }
  }

  /** All up to the position of the archive, by which rows that wait are in it too. */
  async anew(): Promise<SealedCandidate[]> {
    const archive = await readCheckpoint(this.#ground.dataDir, SEALED_BACKEND, partitionOf(this.#path.cid))
    const candidates: SealedCandidate[] = []
    for (const backend of BACKENDS) {
      const found = await wholeHours(this.#ground.dataDir, backend, this.#span, archive)
      const lacks = 'lacks' in found ? found.lacks : lackingHour(found.hours, this.#needed(archive))
      if (lacks !== undefined) this.why.push(`${backend}: ${lacks}`)
      if (lacks === undefined && 'hours' in found) candidates.push(this.#anewFrom(backend, found.hours, archive))
    }
    return candidates
  }

  /** Hours that are known to have ticks. */
  #needed(archive: Checkpoint | undefined): number[] {
    const rows = this.#rowsThatWait(archive).filter((path) => (archive?.files[path] ?? 0) > 0)
    return [...(this.#footer?.facts.hours ?? []).map(({ hourUs }) => hourUs), ...rows.map((path) => parseSegmentPath(path)?.hourUs ?? 0)]
  }

  #rowsThatWait(archive: Checkpoint | undefined): string[] {
    return Object.keys(archive?.files ?? {}).filter((path) => isWithin(path, this.#span))
  }

  #anewFrom(backend: OwnBackend, hours: readonly number[], archive: Checkpoint | undefined): SealedCandidate {
    const { cid, tt, hourUs } = this.#path
    const recording = archive && { spoolId: archive.spoolId, source: archive.source }
    const untilStUs = archive?.newestStUs ?? Number.MAX_SAFE_INTEGER
    return {
      did: 'rebuilt',
      head: { cid, tt, ...recording, seq: archive?.seq ?? 0 },
      level: hourUs === undefined ? LEVEL.day : LEVEL.hour,
      columns: () => oneAfterTheOther(hours.map((each) => () => this.#rowsOf(backend, each, untilStUs))),
      accept: (made) => this.#isEnough(made, backend),
      rows: this.#rowsThatWait(archive),
    }
  }

  /** Not fewer ticks than the footer names; where that cannot be read, bytes tell. */
  #isEnough({ facts, bytes }: { facts: SealedFacts; bytes: number }, backend: OwnBackend): ReturnType<SealedCandidate['accept']> {
    const countOf = (hourUs: number) => facts.hours.find((hour) => hour.hourUs === hourUs)?.count ?? 0
    const short = this.#footer?.facts.hours.find(({ hourUs, count }) => countOf(hourUs) < count)
    if (short) return { refused: `${backend} has ${countOf(short.hourUs)} ticks of ${hourText(short.hourUs)}, it had ${short.count}` }
    const before = this.#file?.sizeBytes ?? 0
    if (this.#footer === undefined && bytes < before * LEAST_SHARE_OF_BYTES)
      return { refused: `the ${facts.count} ticks of ${backend} make ${bytes} bytes, it has ${before}` }
    return { detail: `from the ${facts.count} ticks of ${backend}` }
  }
}

const BATCH_TICKS = 8192

async function* oneAfterTheOther(parts: readonly Columns[]): AsyncGenerator<TickColumns, void, undefined> {
  for (const part of parts) yield* part()
}

/** Undefined where not all of them can be read. */
async function countIn(columnsOf: Columns): Promise<number | undefined> {
  try {
    let count = 0
    for await (const { length } of columnsOf()) count += length
    return count
  } catch (error) {
    if (Error.isError(error) && error.name === 'StorageError') return undefined
    throw error
  }
}

function lackingHour(hours: readonly number[], needed: readonly number[]): string | undefined {
  const lacking = needed.find((hourUs) => !hours.includes(hourUs))
  return lacking === undefined ? undefined : `it has nothing of ${hourText(lacking)}`
}
