import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { failPoint } from '@ib-stream/model'
import { tryLock } from 'fs-native-extensions'
import { BusError } from './errors.ts'
import { SpareSegment } from './spare-segment.ts'
import { readIdentity } from './spool-identity.ts'
import { encodeWrite, type SpoolRecord } from './spool-record.ts'
import { firstOfSegment, judgeRest, openSegment, SEGMENT_BYTES, scanSegment, segmentName, syncFolder, writeAll } from './spool-segment.ts'

/** Counted from the confirmation: the log's own disk has it only a `sync_interval` later, and a power cut before that is refilled from here. */
const KEPT_AFTER_ACK_MS = 10 * 60_000
const LOG_SYNC_INTERVAL_MS = 10_000
const MOST_BYTES = 8 * 2 ** 30
/** So much of a segment is written when the next one begins to be made: a spool that hardly grows needs none for a while. */
const SPARE_FROM_BYTES = SEGMENT_BYTES / 8
const NEWLINE = 10

export interface SpoolOptions {
  source: string
  /** Most bytes of all segments. @default 8 GiB */
  maxBytes?: number | undefined
  /** How often the log's server makes durable what it confirmed; twice that is the least time for which confirmed records are kept. @default 10 s */
  logSyncIntervalMs?: number | undefined
  /** How long confirmed records are kept while there is room. @default 10 min, or the least time where that is longer */
  keptAfterAckMs?: number | undefined
}

/**
 * Ingest's write-ahead spool: numbered messages in preallocated segment files. One process at a time (kernel lock).
 * Nothing that `append` was given counts before `sync` has returned.
 */
export interface Spool extends AsyncDisposable {
  readonly id: string
  /** Oldest number that is still here (or, in an empty spool, the next one). */
  readonly low: number
  /** Newest number; `low - 1` when empty. */
  readonly end: number
  /** Oldest number that was appended and is not durable yet. */
  readonly firstWaiting: number | undefined
  /** Bytes in all segments. */
  readonly bytes: number
  /** At the time of opening the record with the newest line: what `st` goes on from. */
  readonly lastRecord: SpoolRecord | undefined
  /**
   * The same of ticks alone: an event shows that ingest ran, a tick that its source was heard. Of a batch that a kill tore its first line alone, for lines of the messages that
   * are gone may come right behind it.
   */
  readonly lastTicks: SpoolRecord | undefined
  /** Buffers records; their numbers must go on from `end`. */
  append(records: readonly SpoolRecord[]): void
  /**
   * Writes what was appended and makes it durable. One call at a time; after an error the same call may be made again.
   * @throws BusError `IBS_BUS_SPOOL_FULL` when another segment would go beyond `maxBytes`
   */
  sync(): Promise<void>
  /** Records from `n` on, at most the rest of one segment; empty when `n` is beyond the end. */
  readFrom(n: number): Promise<SpoolRecord[]>
  /** The next record gets number `n`, which leaves a hole: the log is ahead of the spool. */
  skipTo(n: number): void
  /** Removes whole segments whose last number was acknowledged long enough ago. */
  trim(acknowledged: number): Promise<void>
  /** As `trim`, and keeps only what a power cut may still take from the log. */
  trimHard(acknowledged: number): Promise<void>
  close(): Promise<void>
}

interface Segment {
  firstN: number
  lastN: number
  /** Since when the log is known to have all of it; ms of the monotonic clock. */
  confirmedMs: number | undefined
}

/**
 * Opens the spool, cuts a torn end and makes durable what is found (a killed ingest's bytes may be only in the cache).
 * @param options.source written once; a spool of the other source is refused
 * @throws BusError `IBS_BUS_SPOOL_LOCKED`, `IBS_BUS_SPOOL_DAMAGED`, `IBS_BUS_FOREIGN_LOG`
 */
export async function openSpool(folder: string, options: SpoolOptions): Promise<Spool> {
  await mkdir(folder, { recursive: true })
  const lock = await open(join(folder, 'lock'), 'a+')
  if (!tryLock(lock.fd)) {
    await lock.close()
    throw new BusError('IBS_BUS_SPOOL_LOCKED', `another ingest works on ${folder}; stop it, or give this one its own DATA_DIR`, { folder })
  }
  try {
    const id = await readIdentity(folder, options.source)
    return await SegmentedSpool.open(folder, id, lock, options)
  } catch (error) {
    await lock.close()
    throw error
  }
}

class SegmentedSpool implements Spool {
  readonly id: string
  lastRecord: SpoolRecord | undefined
  lastTicks: SpoolRecord | undefined
  #folder: string
  #lock: FileHandle
  #maxBytes: number
  #leastKeptMs: number
  #keptAfterAckMs: number
  #segments: Segment[] = []
  #current: FileHandle | undefined
  #spare: SpareSegment
  #currentBytes = 0
  /** A write failed, and a part of it may lie behind what counts. */
  #isTorn = false
  #end = 0
  #waiting: SpoolRecord[] = []
  #beingWritten: SpoolRecord[] = []
  #waitingEnd = 0
  #closing: Promise<void> | undefined

  static async open(folder: string, id: string, lock: FileHandle, options: SpoolOptions): Promise<SegmentedSpool> {
    const spool = new SegmentedSpool(folder, id, lock, options)
    await spool.#recover()
    return spool
  }

  constructor(folder: string, id: string, lock: FileHandle, { maxBytes, logSyncIntervalMs, keptAfterAckMs }: SpoolOptions) {
    this.#folder = folder
    this.id = id
    this.#lock = lock
    this.#spare = new SpareSegment(folder)
    this.#maxBytes = maxBytes ?? MOST_BYTES
    this.#leastKeptMs = 2 * (logSyncIntervalMs ?? LOG_SYNC_INTERVAL_MS)
    this.#keptAfterAckMs = keptAfterAckMs ?? Math.max(KEPT_AFTER_ACK_MS, this.#leastKeptMs)
  }

  get low(): number {
    return this.#segments[0]?.firstN ?? this.#end + 1
  }
  get end(): number {
    return this.#waitingEnd
  }
  get firstWaiting(): number | undefined {
    return (this.#beingWritten[0] ?? this.#waiting[0])?.n
  }
  get bytes(): number {
    return this.#segments.length * SEGMENT_BYTES
  }

  async #recover(): Promise<void> {
    const names = (await readdir(this.#folder)).sort()
    const firsts = names.map(firstOfSegment).filter((first) => first !== undefined)
    for (const [i, firstN] of firsts.entries()) await this.#recoverSegment(firstN, { isLast: i === firsts.length - 1 })
    this.#waitingEnd = this.#end
    await syncFolder(this.#folder)
  }

  async #recoverSegment(firstN: number, { isLast }: { isLast: boolean }): Promise<void> {
    failPoint('read the spool')
    const scanned = await scanSegment(this.#folder, firstN)
    const { records, lastN, endBytes } = scanned
    const rest = judgeRest(scanned)
    if (rest === 'damaged' || (rest === 'torn' && !isLast)) throw damaged(this.#folder, firstN, endBytes)
    this.#end = lastN
    this.lastRecord = newestOf(records) ?? this.lastRecord
    this.lastTicks = newestSureOf(records.filter(({ subject }) => subject.startsWith('ticks.'))) ?? this.lastTicks
    this.#segments.push({ firstN, lastN, confirmedMs: undefined })
    const handle = await openSegment(join(this.#folder, segmentName(firstN)))
    if (rest === 'torn') await zeroFrom(handle, endBytes)
    await handle.sync()
    if (!isLast) return await handle.close()
    this.#current = handle
    this.#currentBytes = endBytes
  }

  append(records: readonly SpoolRecord[]): void {
    for (const record of records) this.#waiting.push(record)
    this.#waitingEnd = records.at(-1)?.n ?? this.#waitingEnd
  }

  async sync(): Promise<void> {
    if (this.#closing) throw new BusError('IBS_BUS_CLOSED', `the spool ${this.#folder} is closed; open it again`)
    const records = this.#waiting
    const last = records.at(-1)
    if (!last) return
    // Taken before anything is waited for: what is appended from here on belongs to the next call. If the disk fails they are put back, and the same call may be made again.
    this.#waiting = []
    this.#beingWritten = records
    const bytes = encodeWrite(records)
    try {
      const handle = await this.#roomFor(bytes.length, records[0]?.n ?? last.n)
      failPoint('spool a message')
      this.#isTorn = true
      await writeAll(handle, bytes, this.#currentBytes)
      this.#isTorn = false // no shorter than one that failed before it: what that left is overwritten
      failPoint('the spool is synced')
    } catch (error) {
      this.#waiting = [...records, ...this.#waiting]
      throw error
    } finally {
      this.#beingWritten = []
    }
    this.#currentBytes += bytes.length
    if (this.#currentBytes > SPARE_FROM_BYTES && this.bytes + SEGMENT_BYTES <= this.#maxBytes) this.#spare.prepare()
    this.#end = Math.max(this.#end, last.n) // skipTo may have gone ahead meanwhile
    const segment = this.#segments.at(-1)
    if (segment) segment.lastN = last.n
  }

  async #roomFor(bytes: number, firstN: number): Promise<FileHandle> {
    if (this.#current && this.#currentBytes + bytes <= SEGMENT_BYTES) return this.#current
    if (this.bytes + SEGMENT_BYTES > this.#maxBytes) {
      throw new BusError(
        'IBS_BUS_SPOOL_FULL',
        `the spool ${this.#folder} holds ${this.bytes} of at most ${this.#maxBytes} bytes; bring NATS back or make room in the log, or raise IB_STREAM_SPOOL_MAX_BYTES`,
        { bytes: this.bytes, maxBytes: this.#maxBytes },
      )
    }
    await this.#leaveCurrent()
    failPoint('begin a segment')
    const handle = await this.#spare.take(firstN)
    await syncFolder(this.#folder)
    if (this.#segments.at(-1)?.firstN !== firstN) this.#segments.push({ firstN, lastN: firstN - 1, confirmedMs: undefined })
    this.#currentBytes = 0
    this.#current = handle
    return handle
  }

  /** Nothing that does not count may stay in a segment which is not the last one: it would be damage. */
  async #leaveCurrent(): Promise<void> {
    if (this.#current && this.#isTorn) await zeroFrom(this.#current, this.#currentBytes)
    this.#isTorn = false
    await this.#current?.close()
    this.#current = undefined
  }

  async readFrom(n: number): Promise<SpoolRecord[]> {
    const segment = this.#segments.findLast(({ firstN }) => firstN <= n) ?? this.#segments[0]
    if (!segment) return []
    const { lastN: durableN } = segment
    const { records, lastN, endBytes } = await scanSegment(this.#folder, segment.firstN, n)
    if (lastN < durableN) throw damaged(this.#folder, segment.firstN, endBytes)
    const durable = records.filter((record) => record.n <= durableN)
    const next = this.#segments[this.#segments.indexOf(segment) + 1] // looked for now: trimming may have moved them meanwhile
    return durable.length > 0 || !next ? durable : await this.readFrom(next.firstN)
  }

  skipTo(n: number): void {
    if (n <= this.#waitingEnd + 1) return
    this.#end = n - 1
    this.#waitingEnd = n - 1
  }

  trim(acknowledged: number): Promise<void> {
    return this.#trim(acknowledged, this.#keptAfterAckMs)
  }

  trimHard(acknowledged: number): Promise<void> {
    return this.#trim(acknowledged, Math.min(this.#leastKeptMs, this.#keptAfterAckMs))
  }

  async #trim(acknowledged: number, keptMs: number): Promise<void> {
    const nowMs = performance.now()
    for (const segment of this.#segments) segment.confirmedMs = segment.lastN > acknowledged ? undefined : (segment.confirmedMs ?? nowMs)
    while (this.#segments.length > 1) {
      const [first] = this.#segments
      if (first?.confirmedMs === undefined || first.confirmedMs > nowMs - keptMs) return
      this.#segments.shift()
      failPoint('trim')
      await rm(join(this.#folder, segmentName(first.firstN)), { force: true })
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#release()
    return this.#closing
  }

  async #release(): Promise<void> {
    try {
      await this.#current?.close()
      await this.#spare.drop()
    } finally {
      await this.#lock.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Of the batch that ends these the message with the newest line: its messages lie one behind the other, their lines between one another. A copy: the rest is let go of. */
function newestOf(records: readonly SpoolRecord[]): SpoolRecord | undefined {
  let newest = records.at(-1)
  for (let i = records.length - 1; i > 0; i--) {
    const [before, after] = [records[i - 1], records[i]]
    if (!before?.batch || before.batch.k + 1 !== after?.batch?.k || before.batch.n !== after.batch.n) break
    if (newest && newestStUs(before) > newestStUs(newest)) newest = before
  }
  return newest && { ...newest, payload: Uint8Array.from(newest.payload) }
}

/** As {@link newestOf}, up to where no line is missing. */
function newestSureOf(ticks: readonly SpoolRecord[]): SpoolRecord | undefined {
  const batch = ticks.at(-1)?.batch
  if (!batch || batch.k === batch.n) return newestOf(ticks)
  const first = ticks.at(-batch.k) // a batch begins with its first line
  return first && { ...first, payload: Uint8Array.from(first.payload.subarray(0, first.payload.indexOf(NEWLINE) + 1)) }
}

function newestStUs({ payload }: SpoolRecord): number {
  const text = Buffer.from(payload).toString('utf8')
  return Number([...text.matchAll(/"st":(\d+)/g)].at(-1)?.[1] ?? 0)
}

/** Half a record that a killed ingest left must not look like a beginning later on. */
async function zeroFrom(handle: FileHandle, offset: number): Promise<void> {
  const { size } = await handle.stat()
  await writeAll(handle, Buffer.alloc(Math.max(0, size - offset)), offset)
}

function damaged(folder: string, firstN: number, offset: number): BusError {
  const path = join(folder, segmentName(firstN))
  return new BusError(
    'IBS_BUS_SPOOL_DAMAGED',
    `${path} is damaged at byte ${offset}, before its end; keep a copy, then move the file away: the numbers it held become lost events`,
    { path, offset },
  )
}
