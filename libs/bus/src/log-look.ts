import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { unlessAborted } from './connection.ts'
import { type LogMessage, storedMessage } from './log-message.ts'
import { TICKS } from './stream-configs.ts'

/** Stored subjects of a filter of which the log holds a message, in no order. */
export async function subjectsInLog(manager: JetStreamManager, filter: string): Promise<string[]> {
  const { state } = await manager.streams.info(TICKS, { subjects_filter: filter })
  return Object.keys(state.subjects ?? {})
}

/** The first message from `fromSeq` on that a filter has in the log (or another stream); undefined when there is none. Asks the store itself: no consumer. */
export async function nextMessage(
  manager: JetStreamManager,
  { stream = TICKS, filter, fromSeq }: { stream?: string; filter: string; fromSeq: number },
): Promise<LogMessage | undefined> {
  const request = { seq: fromSeq, next_by_subj: filter } // older than the client's types, known to every server that is new enough
  return found(await manager.streams.getMessage(stream, request))
}

/** The newest message of a stored subject in the log; undefined when there is none. */
export async function lastMessage(manager: JetStreamManager, subject: string): Promise<LogMessage | undefined> {
  return found(await manager.streams.getMessage(TICKS, { last_by_subj: subject }))
}

/** The message of a sequence; undefined when the log does not hold it. @throws the signal's reason, without waiting for the server */
export async function messageAt(manager: JetStreamManager, seq: number, signal?: AbortSignal): Promise<LogMessage | undefined> {
  const asked = manager.streams.getMessage(TICKS, { seq })
  return found(await (signal ? unlessAborted(asked, signal) : asked))
}

const found = (message: StoredMsg | null): LogMessage | undefined => (message ? storedMessage(message) : undefined)
