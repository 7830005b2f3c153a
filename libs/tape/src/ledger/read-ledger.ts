import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, EVENTS_FILTER, readLog, readStoredEvents } from '@ib-stream/bus'
import { codeOf, eventSubject, PARTITION_COUNT, type RecorderEvent, type RecorderEventKind } from '@ib-stream/model'
import { BACKENDS, type Backend, readPosition } from '@ib-stream/storage'
import { TapeError } from '../errors.ts'
import { readTail } from '../read-tail.ts'

export interface LedgerOptions {
  bus: Bus
  kinds: readonly RecorderEventKind[]
  signal: AbortSignal
}

/**
 * Every recorder event of some kinds, in the order of `st`, each once: from the stream EVENTS, which keeps them for ever, and from the log, which has them first.
 * @throws TapeError `IBS_TAPE_LOG_AWAY`; `signal.reason`
 */
export async function readLedger({ bus, kinds, signal }: LedgerOptions): Promise<RecorderEvent[]> {
  try {
    const log = await readLog(bus.manager)
    if (!log) return []
    const events = new Map<string, RecorderEvent>()
    const take = (text: string) => {
      for (const event of eventsIn(text)) if (kinds.includes(event.kind)) events.set(`${event.st} ${event.kind}`, event)
    }
    for await (const text of readStoredEvents(bus, kinds.map(eventSubject), signal)) take(text)
    const tail = { bus, filter: EVENTS_FILTER, spoolId: log.owner.spoolId, fromSeq: log.firstSeq, toSeq: log.lastSeq, signal }
    const end = log.lastSeq < log.firstSeq ? 'complete' : await readTail(tail, ({ payload }) => take(Buffer.from(payload).toString('utf8')))
    if (end === 'timed_out') throw new Error('the log did not give its events in time')
    return [...events.values()].sort((a, b) => a.st - b.st)
  } catch (cause) {
    signal.throwIfAborted()
    throw new TapeError('IBS_TAPE_LOG_AWAY', 'the log does not answer, so its events cannot be read; try again', {}, { cause })
  }
}

/**
 * Every recorder event before `untilUs` by `st`, oldest first, from the files that writer-json makes; needs no service. A last line that is still being written is left out.
 */
export async function* readEventFiles(dataDir: string, untilUs: number): AsyncGenerator<RecorderEvent> {
  const folder = join(dataDir, 'events')
  for (const name of await namesIn(folder))
    for await (const line of linesOf(join(folder, name))) for (const event of eventsIn(line)) if (event.st < untilUs) yield event
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => DAY_FILE.test(name)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

const DAY_FILE = /^\d{4}-\d\d-\d\d\.jsonl$/

async function* linesOf(path: string): AsyncGenerator<string> {
  await using file = await open(path)
  yield* file.readLines({ autoClose: false })
}

/**
 * Up to when a recording is known from its files: the newest stamp that any backend has written.
 * @returns µs; undefined where nothing was recorded
 */
export async function recordedUntilUs(dataDir: string, backends: readonly Backend[] = BACKENDS): Promise<number | undefined> {
  const partitions = [...Array.from({ length: PARTITION_COUNT }, (_, partition) => partition), 'events' as const]
  const positions = await Promise.all(
    backends.flatMap((backend) => partitions.map((partition) => readPosition(dataDir, backend, partition))),
  )
  const newestUs = Math.max(0, ...positions.map((position) => position?.newestStUs ?? 0))
  return newestUs > 0 ? newestUs : undefined
}

/** A torn line is no event; what a newer version writes is one all the same, and passed over by its kind. */
function eventsIn(text: string): RecorderEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      const event = JSON.parse(line) as RecorderEvent
      return typeof event.kind === 'string' && Number.isInteger(event.st) ? [event] : []
    } catch {
      return []
    }
  })
}
