import { TICK_TYPES, type TickType, US_PER_DAY } from '@ib-stream/model'
import { type Backend, type StockFile, takeStock } from '@ib-stream/storage'
import type { ServerDeps } from '../server-deps.ts'

/** What some files are together. */
export interface Sums {
  files: number
  bytes: number
  diskBytes: number
  /** Undefined where of one file nobody knows how many it has. */
  ticks: number | undefined
  /** First and last hour of `ts` that has a file, µs UTC. */
  firstHourUs: number
  lastHourUs: number
  /** Bytes and ticks of the hours of the last 24 hours and seven days. */
  day: Grown
  week: Grown
}

interface Grown {
  bytes: number
  ticks: number
}

export interface StockOfStream extends Sums {
  cid: number
  tt: TickType
}

export interface StockOfBackend extends Sums {
  backend: Backend
  streams: readonly StockOfStream[]
}

/** How old an answer may be: a tree of years takes seconds to look at. */
const FRESH_MS = 15_000

const kept = new Map<string, { atMs: number; answer: Promise<readonly StockOfBackend[]> }>()

/** The files of every backend by contract and tick type, at most a quarter of a minute old; asked for at once by several it is looked up once. */
export function stockSums({
  dataDir,
  backends,
  nowUs,
}: Pick<ServerDeps, 'dataDir' | 'backends' | 'nowUs'>): Promise<readonly StockOfBackend[]> {
  const key = `${dataDir} ${backends.join()}`
  const nowMs = performance.now()
  const known = kept.get(key)
  if (known && nowMs - known.atMs < FRESH_MS) return known.answer
  const answer = Promise.all(backends.map((backend) => sumUp(dataDir, backend, nowUs())))
  kept.set(key, { atMs: nowMs, answer })
  answer.catch(() => kept.delete(key))
  return answer
}

async function sumUp(dataDir: string, backend: Backend, nowUs: number): Promise<StockOfBackend> {
  const whole = nothing()
  const streams = new Map<string, StockOfStream>()
  for await (const files of takeStock({ dataDir, backend })) {
    for (const file of files) {
      const key = `${file.cid} ${file.tt}`
      const stream = streams.get(key) ?? { cid: file.cid, tt: file.tt, ...nothing() }
      streams.set(key, stream)
      for (const sums of [whole, stream]) add(sums, file, nowUs)
    }
  }
  const order = (a: StockOfStream, b: StockOfStream) => a.cid - b.cid || TICK_TYPES.indexOf(a.tt) - TICK_TYPES.indexOf(b.tt)
  return { backend, ...whole, streams: [...streams.values()].sort(order) }
}

const nothing = (): Sums => ({
  files: 0,
  bytes: 0,
  diskBytes: 0,
  ticks: 0,
  firstHourUs: Number.POSITIVE_INFINITY,
  lastHourUs: 0,
  day: { bytes: 0, ticks: 0 },
  week: { bytes: 0, ticks: 0 },
})

function add(sums: Sums, { bytes, diskBytes, ticks, hours }: StockFile, nowUs: number): void {
  sums.files += 1
  sums.bytes += bytes
  sums.diskBytes += diskBytes
  sums.ticks = sums.ticks === undefined || ticks === undefined ? undefined : sums.ticks + ticks
  for (const { hourUs, ...share } of hours) {
    sums.firstHourUs = Math.min(sums.firstHourUs, hourUs)
    sums.lastHourUs = Math.max(sums.lastHourUs, hourUs)
    const ageUs = nowUs - hourUs
    if (ageUs < US_PER_DAY) grow(sums.day, share)
    if (ageUs < 7 * US_PER_DAY) grow(sums.week, share)
  }
}

function grow(grown: Grown, { bytes, ticks = 0 }: { bytes: number; ticks: number | undefined }): void {
  grown.bytes += bytes
  grown.ticks += ticks
}
