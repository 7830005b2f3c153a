import { partitionOf, type TickType, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles, listDays, manifestsOfDay } from '../layout/list-days.ts'
import { listSealedFiles, sealedThatCount } from '../layout/sealed-path.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'
import { removedTicks } from '../manifest/manifest-entry.ts'
import { openUndamaged, sealedDays } from '../retention/sealed-days.ts'
import { CLOSE_AFTER_US } from '../segment/closed-files.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { Side } from './compare-sides.ts'
import { readDayFacts } from './facts.ts'

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
 * Compares two backends tick by tick, in the order of their files (with the archive: in query order), over all closed hours that either has. Takes no lock. Memory: a chunk of
 * two files; the ticks of an hour where it differs, or where one is the archive.
 */
export async function compareBackends(options: CompareOptions): Promise<CompareReport> {
  const { dataDir, backends, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY, signal, onDifference } = options
  const days = new Set((await Promise.all(backends.map((backend) => daysOf(dataDir, backend)))).flat())
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

async function daysOf(dataDir: string, backend: Backend): Promise<number[]> {
  const days = await listDays(dataDir, backend)
  return backend === SEALED_BACKEND ? [...days, ...(await sealedDays(dataDir)).keys()] : days
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
  const add = (side: 0 | 1, { cid, tt, hourUs }: Omit<Hour, 'files'>, path: string) => {
    const key = keyOf({ cid, tt, hourUs })
    const hour: Hour = hours.get(key) ?? { cid, tt, hourUs, files: [[], []] }
    hour.files[side].push(path)
    hours.set(key, hour)
  }
  for (const side of [0, 1] as const) {
    const segments = await listDayFiles(dataDir, backends[side], dayUs) // of the archive: rows that wait
    for (const segment of segments.sort(byStamp)) add(side, segment, segment.path)
  }
  for (const side of [0, 1] as const) {
    if (backends[side] === SEALED_BACKEND)
      for (const { hour, path } of await sealedHours(dataDir, dayUs, [...hours.values()])) add(side, hour, path)
  }
  return [...hours.values()].sort((a, b) => a.hourUs - b.hourUs || a.cid - b.cid)
}

/** A damaged file does not tell its hours: it is held to those that are known to have ticks, or stands for its first. */
async function sealedHours(dataDir: string, dayUs: number, known: readonly Hour[]): Promise<{ hour: Omit<Hour, 'files'>; path: string }[]> {
  const found: { hour: Omit<Hour, 'files'>; path: string }[] = []
  for (const day of (await sealedDays(dataDir, { startUs: dayUs, endUs: dayUs + 1 })).get(dayUs) ?? []) {
    const { cid, tt } = day
    const readable = await openUndamaged(dataDir, day)
    for (const { path, footer } of readable)
      for (const { hourUs } of footer.facts.hours) found.push({ hour: { cid, tt, hourUs }, path: path.path })
    const names = new Set(readable.map(({ path }) => path.path))
    for (const { path, hourUs } of sealedThatCount(await listSealedFiles(dataDir, day))) {
      if (names.has(path)) continue
      const within = known.filter((hour) => hour.cid === cid && hour.tt === tt && (hourUs === undefined || hour.hourUs === hourUs))
      const spans = within.length > 0 ? within.map((hour) => hour.hourUs) : [hourUs ?? dayUs]
      for (const each of spans) found.push({ hour: { cid, tt, hourUs: each }, path })
    }
  }
  return found
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
  const compared = await compareFiles(dataDir, hour, backends.includes(SEALED_BACKEND) ? 'query' : 'file')
  const differs = compared.moved || compared.only[0] + compared.only[1] > 0
  if (differs && (await positionsOf(dataDir, backends, hour)) !== before) return { open: true } // a late tick may have come to one of them
  return compared
}

/** What would change with the files of an hour; `open` where it may still grow, or where the two are not equally far and so may differ by a late tick. */
async function positionsOf(dataDir: string, backends: readonly [Backend, Backend], { cid, hourUs, files }: Hour): Promise<string> {
  const checkpoints = await Promise.all(backends.map((backend) => readCheckpoint(dataDir, backend, partitionOf(cid))))
  const isOpen = checkpoints.some(
    (checkpoint) =>
      checkpoint &&
      (files.flat().some((file) => file in checkpoint.files) || hourUs + US_PER_HOUR + CLOSE_AFTER_US > checkpoint.newestStUs),
  )
  return isOpen ? 'open' : checkpoints.map((checkpoint) => `${checkpoint?.seq}/${checkpoint?.v}`).join()
}

async function compareFiles(dataDir: string, { cid, tt, hourUs, files }: Hour, order: 'file' | 'query'): Promise<Compared> {
  const [a, b] = [new Side(dataDir, { hourUs, paths: files[0], order }), new Side(dataDir, { hourUs, paths: files[1], order })]
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
