import { type LogMessage, pause } from '@ib-stream/bus'
import type { PartitionOptions } from './partition-writer.ts'
import type { PoisonLine } from './split-hours.ts'

const RETRY_EVERY_MS = 1_000
/** What servers take where they say nothing. */
const USUAL_PAYLOAD_BYTES = 2 ** 20
/** Field and value are for people to look at; all of them is in the line. */
const MOST_SHOWN_CHARS = 200
/** Of a record, what is not its line. */
const FRAME_BYTES = 8 * 1024
/** JSON spells a control character so. */
const BYTES_OF_CHAR = '\\u0000'.length

/** Puts lines that are no ticks into the stream INVALID, with the reason, before the partition goes on; waits for the bus as long as it takes. */
export async function reportInvalid(
  { bus, signal }: Pick<PartitionOptions, 'bus' | 'signal'>,
  message: LogMessage,
  poison: readonly PoisonLine[],
): Promise<void> {
  const cid = /^ticks\.\d+\.(\d+)\./.exec(message.subject)?.[1] ?? '0'
  const mostBytes = bus.connection.info?.max_payload ?? USUAL_PAYLOAD_BYTES
  for (const [i, line] of poison.entries()) {
    for (const [k, record] of recordsOf(message, line, mostBytes).entries()) {
      // Each backend meets the same line; the id lets the stream keep it once.
      const msgID = k === 0 ? `${message.seq}.${i}` : `${message.seq}.${i}.${k}`
      for (;;) {
        try {
          await bus.jetstream.publish(`ticks_invalid.${cid}`, record, { msgID })
          break
        } catch {
          await pause(RETRY_EVERY_MS, signal) // nothing of the partition is lost meanwhile: its position does not move
        }
      }
    }
  }
}

/** One record; of a line that the bus would not take in one message several, each with the next part of it. */
function recordsOf({ seq, subject }: LogMessage, { line, fault }: PoisonLine, mostBytes: number): string[] {
  const [reason, field, value] = [fault.rule, fault.field, fault.value].map(shown)
  const recordOf = (part: object) => `${JSON.stringify({ reason, field, value, seq, subject, ...part })}\n`
  const whole = recordOf({ line })
  if (Buffer.byteLength(whole) <= mostBytes - FRAME_BYTES) return [whole]
  const chars = Math.max(1, Math.floor((mostBytes - 2 * FRAME_BYTES) / BYTES_OF_CHAR))
  const parts = Math.ceil(line.length / chars)
  return Array.from({ length: parts }, (_, k) => recordOf({ line: line.slice(k * chars, (k + 1) * chars), part: k + 1, parts }))
}

function shown(value: unknown): unknown {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > MOST_SHOWN_CHARS ? `${text.slice(0, MOST_SHOWN_CHARS)}…` : value
}
