import { type TickMessage, type TickType, US_PER_DAY } from '@ib-stream/model'
import { encodeTickJson } from '../codec/json.ts'
import type { Backend } from '../layout/backend.ts'
import { listDayFiles, listDays, manifestsOfDay } from '../layout/list-days.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'
import { removedTicks } from '../manifest/manifest-entry.ts'
import { closesBefore } from '../segment/closed-files.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { partitionOfFile, readDayFacts } from './facts.ts'
import { readRecords } from './read-records.ts'

export interface CompareOptions {
  dataDir: string
  /** The two to compare. */
  backends: readonly [Backend, Backend]
  /** Only the UTC days of `ts` that this range touches, [startUs, endUs) in µs. Default: all. */
  startUs?: number
  endUs?: number
  onDifference?: (difference: HourDifference) => void
  /** Looked at before each hour; its reason is thrown. */
  signal?: AbortSignal
}

/** An hour of one contract and tick type that two backends do not hold alike. Pairs are in the order of `backends`. */
export interface HourDifference {
  cid: number
  tt: TickType
  hourUs: number
  /** Ticks that can be read. */
  ticks: readonly [number, number]
  /** Ticks that only one has. Both 0: the same ticks in another order. */
  only: readonly [number, number]
  /** Records that cannot be read. */
  unreadable: readonly [number, number]
  /** The first tick that only one has, as v3 JSON; empty where there is none. */
  example: string
}

export interface CompareReport {
  /** Closed hours of a contract and tick type, and their ticks in the first backend. */
  hours: number
  ticks: number
  /** Hours that one of the two may still add to: not compared. */
  openHours: number
  /** Hours of which retention has taken ticks away in one of the two: not compared. */
  removedHours: number
  differences: readonly HourDifference[]
}

/**
 * Compares two backends tick by tick, in the order of their files, over all closed hours that either has. Takes no lock. Memory: a chunk of two files; the ticks of
 * an hour where it differs.
 */
export async function compareBackends(options: CompareOptions): Promise<CompareReport> {
  const { dataDir, backends, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY, signal, onDifference } = options
  const days = new Set((await Promise.all(backends.map((backend) => listDays(dataDir, backend)))).flat())
  const differences: HourDifference[] = []
  const report = { hours: 0, ticks: 0, openHours: 0, removedHours: 0, differences }
  for (const dayUs of [...days].sort((a, b) => a - b)) {
    if (dayUs + US_PER_DAY <= startUs || dayUs >= endUs) continue
    const removed = await removedHours(dataDir, backends, dayUs)
    for (const hour of await hoursOfDay(dataDir, backends, dayUs)) {
      signal?.throwIfAborted()
      if (removed.has(keyOf(hour))) {
        report.removedHours++
        continue
      }
      const compared = await compareHour(dataDir, backends, hour)
      if ('open' in compared) {
        report.openHours++
        continue
      }
      report.hours++
      report.ticks += compared.ticks[0]
      if (compared.only[0] + compared.only[1] + compared.unreadable[0] + compared.unreadable[1] === 0 && !compared.moved) continue
      const { moved: _, ...difference } = compared
      differences.push(difference)
      onDifference?.(difference)
    }
  }
  return report
}

interface Hour {
  cid: number
  tt: TickType
  hourUs: number
  /** Files of the first and of the second backend, in order of stamp. */
  files: readonly [string[], string[]]
}

async function hoursOfDay(dataDir: string, backends: readonly [Backend, Backend], dayUs: number): Promise<Hour[]> {
  const hours = new Map<string, Hour>()
  for (const side of [0, 1] as const) {
    const segments = await listDayFiles(dataDir, backends[side], dayUs)
    for (const { path, cid, tt, hourUs } of segments.sort(byStamp)) {
      const key = keyOf({ cid, tt, hourUs })
      const hour: Hour = hours.get(key) ?? { cid, tt, hourUs, files: [[], []] }
      hour.files[side].push(path)
      hours.set(key, hour)
    }
  }
  return [...hours.values()].sort((a, b) => a.hourUs - b.hourUs || a.cid - b.cid)
}

const keyOf = ({ cid, tt, hourUs }: Pick<Hour, 'cid' | 'tt' | 'hourUs'>): string => `${cid}_${tt}_${hourUs}`

/** Hours of a day, by key, that retention has made differ. */
async function removedHours(dataDir: string, backends: readonly Backend[], dayUs: number): Promise<Set<string>> {
  const removed = new Set<string>()
  for (const backend of backends) {
    for (const partition of await manifestsOfDay(dataDir, backend, dayUs)) {
      const { manifest } = await readDayFacts({ dataDir, backend, partition, dayUs })
      for (const entry of manifest.entries.values()) {
        const segment = removedTicks(entry) > 0 ? parseSegmentPath(entry.path) : undefined
        if (segment) removed.add(keyOf(segment))
      }
    }
  }
  return removed
}

const byStamp = (a: Segment, b: Segment): number => a.stampSeconds - b.stampSeconds

type Compared = HourDifference & { moved: boolean }

/** An hour that a backend lists, has not come past, or changed while it was read, is open. */
async function compareHour(dataDir: string, backends: readonly [Backend, Backend], hour: Hour): Promise<Compared | { open: true }> {
  const before = await positionsOf(dataDir, backends, hour)
  if (before === 'open') return { open: true }
  const compared = await compareFiles(dataDir, hour)
  const differs = compared.moved || compared.only[0] + compared.only[1] > 0
  if (differs && (await positionsOf(dataDir, backends, hour)) !== before) return { open: true } // a late tick may have come to one of them
  return compared
}

/** What would change with the files of an hour; `open` where it may still grow, or where the two are not equally far and so may differ by a late tick. */
async function positionsOf(dataDir: string, backends: readonly [Backend, Backend], { files }: Hour): Promise<string> {
  const [path = ''] = files.flat()
  const partition = partitionOfFile(path) ?? 0
  const checkpoints = await Promise.all(backends.map((backend) => readCheckpoint(dataDir, backend, partition)))
  const isOpen = checkpoints.some(
    (checkpoint) => checkpoint && (files.flat().some((file) => file in checkpoint.files) || !closesBefore(path, checkpoint.newestStUs)),
  )
  return isOpen ? 'open' : checkpoints.map((checkpoint) => `${checkpoint?.seq}/${checkpoint?.v}`).join()
}

async function compareFiles(dataDir: string, hour: Hour): Promise<Compared> {
  const { cid, tt, hourUs } = hour
  const sides = [new Side(dataDir, hour.files[0]), new Side(dataDir, hour.files[1])] as const
  const [a, b] = sides
  let [left, right] = [await a.next(), await b.next()]
  while (left !== undefined && left === right) [left, right] = [await a.next(), await b.next()]
  const moved = left !== undefined || right !== undefined
  const balance = new Map<string, number>()
  for (; left !== undefined; left = await a.next()) balance.set(left, (balance.get(left) ?? 0) + 1)
  for (; right !== undefined; right = await b.next()) balance.set(right, (balance.get(right) ?? 0) - 1)
  const only: [number, number] = [0, 0]
  let example = ''
  for (const [line, surplus] of balance) {
    if (surplus !== 0 && example === '') example = line
    only[surplus > 0 ? 0 : 1] += Math.abs(surplus)
  }
  return { cid, tt, hourUs, ticks: [a.ticks, b.ticks], only, unreadable: [a.unreadable, b.unreadable], example, moved }
}

/** Ticks of one backend's files of an hour, one after the other, as v3 JSON. */
class Side {
  ticks = 0
  unreadable = 0
  readonly #lines: AsyncGenerator<TickMessage[], void, undefined>
  #batch: TickMessage[] = []
  #at = 0

  constructor(dataDir: string, paths: readonly string[]) {
    this.#lines = this.#read(dataDir, paths)
  }

  async next(): Promise<string | undefined> {
    while (this.#at >= this.#batch.length) {
      const { value, done } = await this.#lines.next()
      if (done) return undefined
      this.#batch = value
      this.#at = 0
    }
    const tick = this.#batch[this.#at++]
    return tick && encodeTickJson(tick)
  }

  async *#read(dataDir: string, paths: readonly string[]): AsyncGenerator<TickMessage[], void, undefined> {
    for (const path of paths) {
      for await (const records of readRecords(dataDir, path, Number.POSITIVE_INFINITY)) {
        const ticks = records.flatMap(({ tick }) => tick ?? [])
        this.ticks += ticks.length
        this.unreadable += records.length - ticks.length
        yield ticks
      }
    }
  }
}
