import { type LogMessage, pause } from '@ib-stream/bus'
import type { PartitionOptions } from './partition-writer.ts'
import type { PoisonLine } from './split-hours.ts'

const RETRY_EVERY_MS = 1_000

/** Puts lines that are no ticks into the stream INVALID, with the reason, before the partition goes on; waits for the bus as long as it takes. */
export async function reportInvalid(
  { bus, signal }: Pick<PartitionOptions, 'bus' | 'signal'>,
  message: LogMessage,
  poison: readonly PoisonLine[],
): Promise<void> {
  const cid = /^ticks\.\d+\.(\d+)\./.exec(message.subject)?.[1] ?? '0'
  for (const [i, { line, fault }] of poison.entries()) {
    const record = `${JSON.stringify({ reason: fault.rule, field: fault.field, value: fault.value, seq: message.seq, subject: message.subject, line })}\n`
    for (;;) {
      try {
        // Each backend meets the same line; the id lets the stream keep it once.
        await bus.jetstream.publish(`ticks_invalid.${cid}`, record, { msgID: `${message.seq}.${i}` })
        break
      } catch {
        await pause(RETRY_EVERY_MS, signal) // nothing of the partition is lost meanwhile: its position does not move
      }
    }
  }
}
