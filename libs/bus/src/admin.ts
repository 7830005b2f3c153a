import { codeOf } from '@ib-stream/model'
import { createInbox, type Msg } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'
import { listen } from './listen.ts'

/** Where the owner of a partition takes work on its files: `ib.admin.json.3`, `ib.admin.json.events`. */
export const adminSubject = (backend: string, partition: number | 'events'): string => `ib.admin.${backend}.${partition}`

/** Of an owner that works on it something comes at least this often. */
const BEAT_EVERY_MS = 2_000
const SILENT_AFTER_MS = 5 * BEAT_EVERY_MS
const LOOK_EVERY_MS = 500

/** One message of an answer: it is at work; something on the way; the end, good or bad. */
type Answer = { beat: true } | { said: unknown } | { done: unknown } | { failed: { code: string | undefined; message: string } }

/** Does one piece of work; `say` sends something on the way. What it throws is the answer. */
export type AdminHandler = (request: unknown, say: (said: object) => void) => Promise<unknown>

/** Answers what is asked under a subject until it is closed; several at a time are the handler's to put in turn. */
export function serveAdmin(bus: Bus, subject: string, handle: AdminHandler): { close(): void } {
  return listen(bus, subject, (message) => void answer(message, handle))
}

async function answer(message: Msg, handle: AdminHandler): Promise<void> {
  const say = (one: Answer) => void message.respond(JSON.stringify(one)) // where the bus is away the asker hears nothing and says so
  say({ beat: true })
  const beat = setInterval(() => say({ beat: true }), BEAT_EVERY_MS)
  try {
    say({ done: (await handle(parse(message), (said) => say({ said }))) ?? null })
  } catch (error) {
    say({ failed: { code: codeOf(error), message: Error.isError(error) ? error.message : String(error) } })
  } finally {
    clearInterval(beat)
  }
}

function parse(message: Msg): unknown {
  try {
    return message.json()
  } catch (cause) {
    throw new BusError('IBS_BUS_REQUEST_INVALID', 'the request is no JSON; send an object with a field "do"', {}, { cause })
  }
}

export interface AskOptions {
  backend: string
  partition: number | 'events'
  request: object
  /** Told what comes on the way. */
  onSaid?: (said: unknown) => void
  /** Stops waiting; work that has begun goes on. */
  signal?: AbortSignal
}

/**
 * Has work done by the owner of a partition.
 * @returns what the owner answers in the end
 * @throws BusError `IBS_BUS_NO_OWNER`, `IBS_BUS_NO_ANSWER` where it falls silent, `IBS_BUS_OWNER_REFUSED` with the owner's words; `signal.reason`
 */
export async function askOwner(bus: Bus, { backend, partition, request, onSaid, signal }: AskOptions): Promise<unknown> {
  const subject = adminSubject(backend, partition)
  const end = Promise.withResolvers<unknown>()
  let heardMs = performance.now()
  const take = (message: Msg) => {
    heardMs = performance.now()
    if (message.headers?.code === 503) return end.reject(noOwner(subject))
    const one = message.json<Answer>()
    if ('said' in one) onSaid?.(one.said)
    else if ('done' in one) end.resolve(one.done)
    else if ('failed' in one) end.reject(refused(subject, one.failed))
  }
  const reply = createInbox(bus.repliesPrefix)
  const inbox = bus.connection.subscribe(reply, { callback: (_, message) => take(message) })
  const watch = setInterval(() => performance.now() - heardMs > SILENT_AFTER_MS && end.reject(silent(subject)), LOOK_EVERY_MS)
  const abort = () => end.reject(signal?.reason)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  try {
    bus.connection.publish(subject, JSON.stringify(request), { reply })
    return await end.promise
  } finally {
    signal?.removeEventListener('abort', abort)
    clearInterval(watch)
    inbox.unsubscribe()
  }
}

const noOwner = (subject: string): BusError =>
  new BusError('IBS_BUS_NO_OWNER', `nobody answers ${subject}; start the writer of that backend, or stop all and work with --offline`, {
    subject,
  })

const silent = (subject: string): BusError =>
  new BusError('IBS_BUS_NO_ANSWER', `${subject} has not answered for ${SILENT_AFTER_MS} ms; look at its writer, then ask again`, {
    subject,
  })

const refused = (subject: string, { code, message }: { code: string | undefined; message: string }): BusError =>
  new BusError('IBS_BUS_OWNER_REFUSED', `${subject}: ${message}`, { subject, code })
