import { codeOf, hourOf, type TickFault, type TickMessage } from '@ib-stream/model'
import { decodeTickJson, type StorageError } from '@ib-stream/storage'
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

/** Sorts the lines of one message by the hour they belong to; what breaks the rules of the format, or belongs to another subject, is set apart. */
export function splitHours(payload: Uint8Array, subject: { cid: number; tt: string }): SplitMessage {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const collected = new Map<number, { parts: Buffer[]; ticks: TickMessage[] }>()
  const split: SplitMessage = { hours: new Map(), poison: [], newestStUs: 0 }
  for (const part of linesOf(bytes)) {
    const read = readLine(part, subject)
    if ('fault' in read) {
      split.poison.push(read)
      continue
    }
    const hourUs = hourOf(read.tick.ts)
    const hour = collected.get(hourUs) ?? { parts: [], ticks: [] }
    collected.set(hourUs, hour)
    hour.parts.push(part)
    hour.ticks.push(read.tick)
    split.newestStUs = Math.max(split.newestStUs, read.tick.st)
  }
  for (const [hourUs, { parts, ticks }] of collected)
    split.hours.set(hourUs, { lines: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), ticks })
  return split
}

/** Each line with its newline; one that lacks it (the last) gets one. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start)
    if (end < 0) return yield Buffer.concat([bytes.subarray(start), Buffer.of(NEWLINE)])
    if (end > start) yield bytes.subarray(start, end + 1)
    start = end + 1
  }
}

function readLine(part: Buffer, subject: { cid: number; tt: string }): { tick: TickMessage } | PoisonLine {
  const line = part.toString('utf8', 0, part.length - 1)
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
