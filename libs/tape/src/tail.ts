import { type Bus, type LogMessage, pause, readLog } from '@ib-stream/bus'
import { compareTicks, partitionOf, type TickMessage, type TickType } from '@ib-stream/model'
import { decodeTickJson } from '@ib-stream/storage'
import type { HistoryCursor } from './cursor.ts'
import { endOfBatch } from './end-of-batch.ts'
import { TapeError } from './errors.ts'
import { readTail } from './read-tail.ts'

/**
 * `not_needed`: the files hold the whole range. `read`: completed from the log. `left_out`: files alone were asked for. `unavailable`: the log did not answer, the
 * newest ticks may be missing.
 */
export type TailState = 'not_needed' | 'read' | 'left_out' | 'unavailable'

/** A place in the log. */
export interface LogPosition {
  spoolId: string
  seq: number
}

/** What the log adds to files. */
export interface Tail {
  state: TailState
  /** Ticks of the range that the files do not hold, in query order. */
  ticks: readonly TickMessage[]
  /** Ticks that came after the cursor's answer and lie before its tick, in order of arrival. */
  late: readonly TickMessage[]
  /** Up to here the answer has everything. */
  position: LogPosition | undefined
}

export const emptyTail = (state: TailState): Tail => ({ state, ticks: [], late: [], position: undefined })

export interface TailRequest {
  bus: Bus | undefined
  cids: readonly number[]
  tts: readonly TickType[]
  startUs: number
  endUs: number
  /** Where an earlier answer ended; its recording must be that of the log. */
  after?: HistoryCursor | undefined
  mostTailTicks?: number | undefined
  signal: AbortSignal
}

const MOST_TAIL_TICKS = 250_000
/** How long an answer waits for ingest to refill a log that lost its tail. */
const REFILL_WITHIN_MS = 3_000
const REFILL_LOOK_MS = 100

/**
 * Reads from the log what the files do not hold: of a partition the messages above its position.
 * @param positions last sequence that the files of each partition hold
 * @returns `gone` where the log no longer holds all of that, `late_gone` where it no longer holds what came after the cursor
 * @throws TapeError `IBS_TAPE_TAIL_TOO_LONG`; `signal.reason`
 */
export async function tailOf(request: TailRequest, positions: ReadonlyMap<number, number>): Promise<Tail | 'gone' | 'late_gone'> {
  const { bus, after, signal } = request
  if (bus?.state !== 'connected') return emptyTail('unavailable')
  const log = await logFrom(bus, Math.max(0, after?.lastSeq ?? 0, ...positions.values()), signal)
  if (log === 'away') return emptyTail('unavailable')
  if (log === 'none') return emptyTail('read')
  const lastSeq = await endOfBatch(bus, log.lastSeq, signal)
  const collected = new Collector(request)
  for (const cid of new Set(request.cids)) {
    const position = positions.get(partitionOf(cid)) ?? 0
    if (position > 0 && log.firstSeq > position + 1) return 'gone'
    if (after && log.firstSeq > after.lastSeq + 1) return 'late_gone'
    const fromSeq = Math.max(Math.min(position, after?.lastSeq ?? position) + 1, log.firstSeq)
    if (fromSeq > lastSeq) continue
    const part = { bus, filter: filterOf(cid, request.tts), spoolId: log.owner.spoolId, fromSeq, toSeq: lastSeq, signal }
    const end = await readTail(part, (message) => collected.take(message, position))
    if (end === 'timed_out') return emptyTail('unavailable')
    if (end === 'cut') return 'gone'
  }
  return { state: 'read', ...collected.sorted(), position: { spoolId: log.owner.spoolId, seq: lastSeq } }
}

type Log = NonNullable<Awaited<ReturnType<typeof readLog>>>

/** The log once it is as far as the files: one that lost its tail is being refilled. `none`: nothing was ever recorded. */
async function logFrom(bus: Bus, position: number, signal: AbortSignal): Promise<Log | 'away' | 'none'> {
  const deadlineMs = performance.now() + REFILL_WITHIN_MS
  do {
    try {
      const log = await readLog(bus.manager)
      if (log && log.lastSeq >= position) return log
      if (!log && position === 0) return 'none'
    } catch {
      return 'away' // time-out or no connection: the caller says so in the answer
    }
    await pause(REFILL_LOOK_MS, signal)
  } while (performance.now() < deadlineMs)
  return 'away'
}

function filterOf(cid: number, tts: readonly TickType[]): string {
  return `ticks.${partitionOf(cid)}.${cid}.${new Set(tts).size === 1 ? tts[0] : '*'}`
}

class Collector {
  readonly #request: TailRequest
  readonly #ticks: TickMessage[] = []
  readonly #late: TickMessage[] = []

  constructor(request: TailRequest) {
    this.#request = request
  }

  /** @param position last sequence that the files hold */
  take({ payload, subject, seq }: LogMessage, position: number): void {
    const { tts, startUs, endUs, after } = this.#request
    if (!tts.some((tt) => subject.endsWith(`.${tt}`))) return
    for (const line of Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8').split('\n')) {
      if (line === '') continue
      if (seq > position && isInRange(line, startUs, endUs)) this.#add(this.#ticks, decodeTickJson(line))
      if (after === undefined || seq <= after.lastSeq) continue
      const tick = decodeTickJson(line)
      if (isBefore(tick, after) && tick.st > after.lateSt) this.#add(this.#late, tick)
    }
  }

  sorted(): { ticks: TickMessage[]; late: TickMessage[] } {
    return { ticks: this.#ticks.sort(compareTicks), late: this.#late.sort((a, b) => a.st - b.st) }
  }

  #add(list: TickMessage[], tick: TickMessage): void {
    const { mostTailTicks = MOST_TAIL_TICKS } = this.#request
    if (this.#ticks.length + this.#late.length >= mostTailTicks) throw tailTooLong(mostTailTicks)
    list.push(tick)
  }
}

/** Before the cursor's tick in query order. */
export const isBefore = (tick: TickMessage, place: { ts: number; st: number }): boolean =>
  tick.ts < place.ts || (tick.ts === place.ts && tick.st < place.st)

const TS_AT = '{"ts":'.length

/** `ts` is the first key of every line, so it is read without parsing the rest. */
function isInRange(line: string, startUs: number, endUs: number): boolean {
  const ts = Number(line.slice(TS_AT, line.indexOf(',', TS_AT)))
  return ts >= startUs && ts < endUs
}

function tailTooLong(mostTicks: number): TapeError {
  return new TapeError(
    'IBS_TAPE_TAIL_TOO_LONG',
    `more than ${mostTicks} ticks of this range are not in files yet; wait until the writers have caught up, or ask for a shorter range`,
    { mostTicks },
  )
}
