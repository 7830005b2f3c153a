import type { LogMessage } from '@ib-stream/bus'
import { partitionOf } from '@ib-stream/model'
import { type PartitionId, segmentPath } from '@ib-stream/storage'
import type { HourOfTicks, SegmentCodec } from './codec.ts'
import { linesOf, type PoisonLine, splitHours } from './split-hours.ts'

/** What one message of the log means for the files. */
export interface TakenMessage {
  writes: { path: string; bytes: Uint8Array }[]
  /** Ticks in `writes`, all of one type. */
  ticks: number
  tt: string
  /** Lines that cannot be written, with the reason. */
  poison: PoisonLine[]
  newestStUs: number
}

/** Reads and encodes one message. Writes nothing, so a line that cannot be encoded leaves no half of it anywhere. */
export function takeTicks(message: LogMessage, { codec, partition }: { codec: SegmentCodec; partition: PartitionId }): TakenMessage {
  const [, , cid = '', tt = ''] = message.subject.split('.')
  const { hours, poison, newestStUs } = splitHours(message.payload, { cid: Number(cid), tt })
  const taken: TakenMessage = { writes: [], ticks: 0, tt, poison, newestStUs }
  for (const [hourUs, hour] of hours) {
    const [first] = hour.ticks
    if (!first) continue
    if (partitionOf(first.cid) !== partition)
      refuse(taken, hour, { field: 'cid', value: first.cid, rule: `is not of partition ${partition}` })
    else encode(taken, codec, segmentPath({ backend: codec.backend, cid: first.cid, tt: first.tt, hourUs }), hour)
  }
  return taken
}

function encode(taken: TakenMessage, codec: SegmentCodec, path: string, hour: HourOfTicks): void {
  const parts: Uint8Array[] = []
  try {
    codec.append({ write: (bytes) => parts.push(bytes) }, hour)
  } catch (error) {
    if (hour.ticks.length > 1) for (const one of apart(hour)) encode(taken, codec, path, one)
    else refuse(taken, hour, { field: '-', value: null, rule: `the codec of ${codec.backend} refuses it: ${String(error)}` })
    return
  }
  for (const bytes of parts) taken.writes.push({ path, bytes })
  taken.ticks += hour.ticks.length
}

function refuse(taken: TakenMessage, hour: HourOfTicks, fault: PoisonLine['fault']): void {
  for (const line of linesOf(hour.lines)) taken.poison.push({ line: line.toString('utf8', 0, line.length - 1), fault })
}

/** The ticks of an hour one by one. */
function apart({ lines, ticks }: HourOfTicks): HourOfTicks[] {
  return [...linesOf(lines)].map((line, i) => ({ lines: line, ticks: ticks.slice(i, i + 1) }))
}
