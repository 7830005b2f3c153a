import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, EVENTS, EVENTS_FILTER, nextMessage, TICKS } from '@ib-stream/bus'
import { codeOf } from '@ib-stream/model'
import { eventsPath } from '@ib-stream/storage'
import type { Hole } from './fill-hole.ts'
import type { PartitionOptions } from './partition-writer.ts'
import { lineOfEvent, stampOfEvent } from './stamp-of-event.ts'

/** Made in one step with the log; a stream that is younger was made anew and lacks what came before. */
const MADE_WITH_LOG_MS = 60_000

/**
 * Gives the events' files what the log no longer holds, from the stream EVENTS, which keeps every recorder event for ever and says which message of the log each was.
 * @returns the sequence up to which nothing is missing
 */
export async function fillEvents(
  { bus, dataDir, signal }: Pick<PartitionOptions, 'bus' | 'dataDir' | 'signal'>,
  { store, commit, onSeeding }: Hole,
): Promise<number> {
  const { manager } = bus
  const [log, events] = await Promise.all([manager.streams.info(TICKS), manager.streams.info(EVENTS)])
  const toSeq = log.state.first_seq - 1
  if (toSeq <= store.seq) return store.seq
  onSeeding(`from the stream ${EVENTS}, up to message ${toSeq}`)
  const known = new KnownEvents(dataDir)
  for (let fromSeq = 1; ; ) {
    signal.throwIfAborted()
    const message = await nextMessage(manager, { stream: EVENTS, filter: EVENTS_FILTER, fromSeq })
    if (message === undefined) break
    fromSeq = message.seq + 1
    const seq = message.sourceSeq ?? 0
    if (seq <= store.seq || seq > toSeq) continue
    const stUs = stampOfEvent(message.payload)
    const path = eventsPath(stUs)
    if (!(await known.has(path, message.payload))) store.append(path, lineOfEvent(message.payload))
    store.advance(seq, stUs)
    if (store.pendingBytes > COMMIT_ABOVE_BYTES) await commit()
  }
  return isWhole(events, log) ? toSeq : store.seq
}

const COMMIT_ABOVE_BYTES = 2 ** 20

/** Lines of the file that was asked for last, as it was then: after the loss of a checkpoint a file may have what its position does not say. */
class KnownEvents {
  readonly #dataDir: string
  #path = ''
  #lines = new Set<string>()

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  async has(path: string, payload: Uint8Array): Promise<boolean> {
    if (path !== this.#path) this.#lines = new Set((await textOf(join(this.#dataDir, path))).split('\n'))
    this.#path = path
    return this.#lines.has(Buffer.from(payload).toString('utf8').trimEnd())
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

type Info = Awaited<ReturnType<Bus['manager']['streams']['info']>>

const isWhole = (events: Info, log: Info): boolean =>
  events.state.first_seq <= 1 && Date.parse(events.created) - Date.parse(log.created) < MADE_WITH_LOG_MS
