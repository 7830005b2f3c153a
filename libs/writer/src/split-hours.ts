import { codeOf, hourOf, type TickFault, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { decodeTickJson, JsonScanner, type StorageError } from '@ib-stream/storage'
import type { HourOfTicks } from './codec.ts'

const NEWLINE = 0x0a

/** A line of the log that is no tick of the format. */
export interface PoisonLine {
  line: string
  fault: TickFault
}

export interface SplitMessage {
  /** By first µs of the hour of `ts`; in each the order of the message. */
  hours: Map<number, HourOfTicks>
  poison: PoisonLine[]
  newestStUs: number
}

interface Subject {
  cid: number
  tt: string
}

/** Sorts the lines of one message by the hour they belong to; what breaks the rules of the format, or belongs to another subject, is set apart. */
export function splitHours(payload: Uint8Array, subject: Subject): SplitMessage {
  const bytes = endedByNewline(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength))
  const scanner = new JsonScanner(bytes)
  const collected = new Map<number, Collected>()
  const poison: PoisonLine[] = []
  let newestStUs = 0
  let hour: Collected | undefined
  for (let start = 0; start < bytes.length; ) {
    if (bytes[start] === NEWLINE) {
      start += 1 // an empty line
      continue
    }
    // Nearly every line is spelled as ingest spells it; the bytes tell, and no text is made of them.
    let tick = scanner.tickAt(start)
    let { end } = scanner
    if (tick === undefined || bytes[end] !== NEWLINE || tick.cid !== subject.cid || tick.tt !== subject.tt) {
      end = bytes.indexOf(NEWLINE, start)
      const read = readLine(bytes.toString('utf8', start, end), subject)
      if ('fault' in read) {
        poison.push(read)
        start = end + 1
        continue
      }
      tick = read.tick
    }
    if (hour === undefined || !(tick.ts >= hour.fromUs && tick.ts < hour.fromUs + US_PER_HOUR)) hour = hourIn(collected, hourOf(tick.ts))
    hour.take(bytes, start, end + 1, tick)
    if (tick.st > newestStUs) newestStUs = tick.st
    start = end + 1
  }
  const hours = new Map<number, HourOfTicks>()
  for (const [fromUs, found] of collected) hours.set(fromUs, found.whole())
  return { hours, poison, newestStUs }
}

function endedByNewline(bytes: Buffer): Buffer {
  return bytes.at(-1) === NEWLINE ? bytes : Buffer.concat([bytes, Buffer.of(NEWLINE)])
}

function hourIn(collected: Map<number, Collected>, fromUs: number): Collected {
  const found = collected.get(fromUs) ?? new Collected(fromUs)
  collected.set(fromUs, found)
  return found
}

/** The lines of one hour: neighbours stay one piece of the message, so mostly nothing is copied. */
class Collected {
  readonly fromUs: number
  readonly #ticks: TickMessage[] = []
  readonly #parts: Buffer[] = []
  #bytes: Buffer | undefined
  #from = 0
  #to = 0

  constructor(fromUs: number) {
    this.fromUs = fromUs
  }

  take(bytes: Buffer, from: number, to: number, tick: TickMessage): void {
    this.#ticks.push(tick)
    if (from === this.#to && this.#bytes) {
      this.#to = to
      return
    }
    this.#endPart()
    this.#bytes = bytes
    this.#from = from
    this.#to = to
  }

  whole(): HourOfTicks {
    this.#endPart()
    const [first] = this.#parts
    return { lines: this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts), ticks: this.#ticks }
  }

  #endPart(): void {
    if (this.#bytes) this.#parts.push(this.#bytes.subarray(this.#from, this.#to))
    this.#bytes = undefined
  }
}

/** Each line of bytes that end with a newline, with its own. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start)
    yield bytes.subarray(start, end + 1)
    start = end + 1
  }
}

function readLine(line: string, subject: Subject): { tick: TickMessage } | PoisonLine {
  try {
    const tick = decodeTickJson(line)
    if (tick.cid !== subject.cid) return { line, fault: { field: 'cid', value: tick.cid, rule: `the subject says ${subject.cid}` } }
    if (tick.tt !== subject.tt) return { line, fault: { field: 'tt', value: tick.tt, rule: `the subject says ${subject.tt}` } }
    return { tick }
  } catch (error) {
    if (codeOf(error) !== 'IBS_STORAGE_TICK_INVALID') throw error
    return { line, fault: (error as StorageError).facts as unknown as TickFault }
  }
}
