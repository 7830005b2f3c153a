import { type Bus, EVENTS_FILTER, messageAt, nextMessage, partitionFilter, readLog, subjectsInLog } from '@ib-stream/bus'
import { partitionOf } from '@ib-stream/model'
import { floorKey, type LogFloor, StorageError } from '@ib-stream/storage'
import type { PartitionOptions } from './partition-writer.ts'
import { splitHours } from './split-hours.ts'

/** Messages at the log's end whose newest `st` is its own: a batch ends with one message a subject, and the last need not have the newest. */
const NEWEST_AMONG = 64

/**
 * What the log still holds of a partition, for files whose position is not known.
 * @throws StorageError `IBS_STORAGE_REBUILD_WAITS` while it cannot be read, is empty or is another recording's
 */
export async function readLogFloor({ bus, partition, owner }: Pick<PartitionOptions, 'bus' | 'partition' | 'owner'>): Promise<LogFloor> {
  const log = await readLog(bus.manager).catch((cause: unknown) => waits('it cannot be read', cause))
  if (log === undefined) return waits('there is none')
  if (log.owner.spoolId !== owner.spoolId) return waits(`it belongs to spool ${log.owner.spoolId}, not to ${owner.spoolId}`)
  if (log.lastSeq < log.firstSeq) return waits('it is empty')
  try {
    return {
      seq: log.firstSeq - 1,
      newestStUs: await newestSt(bus, log),
      firstStUs: partition === 'events' ? new Map() : await firstStamps(bus, partition, log.firstSeq),
      events: partition === 'events' ? await eventsFrom(bus, log.firstSeq) : new Set(),
    }
  } catch (cause) {
    return waits('it cannot be read', cause)
  }
}

async function newestSt(bus: Bus, { firstSeq, lastSeq }: { firstSeq: number; lastSeq: number }): Promise<number> {
  const seqs = Array.from({ length: Math.min(NEWEST_AMONG, lastSeq - firstSeq + 1) }, (_, i) => lastSeq - i)
  const messages = await Promise.all(seqs.map((seq) => messageAt(bus.manager, seq)))
  return Math.max(0, ...messages.flatMap((message) => (message ? stampsIn(message.payload) : [])))
}

const stampsIn = (payload: Uint8Array): number[] =>
  [
    ...Buffer.from(payload)
      .toString('utf8')
      .matchAll(/"st":(\d{1,16})\b/g),
  ].map(([, st]) => Number(st))

async function firstStamps(bus: Bus, partition: number, firstSeq: number): Promise<Map<string, number>> {
  const stamps = new Map<string, number>()
  for (const subject of await subjectsInLog(bus.manager, partitionFilter(partition))) {
    const [, , cid = '', tt = ''] = subject.split('.')
    const first = await firstTick(bus, { filter: subject, fromSeq: firstSeq }, { cid: Number(cid), tt })
    if (first && partitionOf(first.cid) === partition) stamps.set(floorKey(first.cid, first.tt), first.st)
  }
  return stamps
}

/** Lines that are no ticks are passed over, as the writer does it. */
async function firstTick(bus: Bus, from: { filter: string; fromSeq: number }, subject: { cid: number; tt: string }) {
  for (let { fromSeq } = from; ; fromSeq += 1) {
    const message = await nextMessage(bus.manager, { ...from, fromSeq })
    if (message === undefined) return undefined
    const ticks = [...splitHours(message.payload, subject).hours.values()].flatMap((hour) => hour.ticks)
    if (ticks.length > 0) return ticks.reduce((first, tick) => (tick.st < first.st ? tick : first))
    fromSeq = message.seq
  }
}

/** Some come a minute, so those of a day are asked for one by one. */
async function eventsFrom(bus: Bus, firstSeq: number): Promise<Set<string>> {
  const events = new Set<string>()
  for (let fromSeq = firstSeq; ; ) {
    const message = await nextMessage(bus.manager, { filter: EVENTS_FILTER, fromSeq })
    if (message === undefined) return events
    for (const line of Buffer.from(message.payload).toString('utf8').split('\n')) if (line !== '') events.add(`${line}\n`)
    fromSeq = message.seq + 1
  }
}

function waits(why: string, cause?: unknown): never {
  const message = `the checkpoint is lost and the log does not tell what the files may keep: ${why}; start NATS and ingest of this recording`
  throw new StorageError('IBS_STORAGE_REBUILD_WAITS', message, { why }, { cause })
}
