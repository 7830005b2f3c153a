import { type Bus, lastMessage, nextMessage, type Publisher, subjectsInLog } from '@ib-stream/bus'
import { hash31, isTickType } from '@ib-stream/model'

/** What there is to look through. */
export interface LeftTicks {
  bus: Pick<Bus, 'manager'>
  spool: Pick<Publisher['spool'], 'low' | 'end' | 'readFrom'>
}

/**
 * When the last live tick of each stream was heard, as far as spool and log still have one: what is known of earlier runs that left no word of their streams.
 * @returns our stamps, µs UTC, by request id; none is later than the last tick, and one may be earlier where much was filled in after it
 * @throws what the log's server says, or its silence
 */
export async function lastLiveTicks({ bus, spool }: LeftTicks): Promise<Map<number, number>> {
  const found = await lastInSpool(spool)
  for (const subject of await subjectsInLog(bus.manager, 'ticks.>')) {
    const rid = ridOf(subject)
    if (rid === undefined || found.has(rid)) continue
    const us = await lastInLog(bus, subject)
    if (us !== undefined) found.set(rid, us)
  }
  return found
}

/** The same of the spool alone, which is always there. */
export async function lastInSpool(spool: LeftTicks['spool']): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  const { end } = spool
  for (let n = spool.low; n <= end; ) {
    const records = await spool.readFrom(n)
    const last = records.at(-1)
    if (!last) break
    const inSegment = new Map<number, number>()
    for (const { subject, payload } of records.toReversed()) {
      const rid = ridOf(subject)
      if (rid === undefined || inSegment.has(rid)) continue
      const us = lastLiveUs(payload)
      if (us !== undefined) inSegment.set(rid, us)
    }
    for (const [rid, us] of inSegment) found.set(rid, us)
    n = last.n + 1
  }
  return found
}

/** The newest messages may all be filled in: then it looks back, twice as far each time, to one that is not. */
async function lastInLog({ manager }: Pick<Bus, 'manager'>, subject: string): Promise<number | undefined> {
  const newest = await lastMessage(manager, subject)
  if (!newest) return undefined
  const us = lastLiveUs(newest.payload)
  if (us !== undefined) return us
  for (let back = 1; ; back *= 2) {
    const fromSeq = Math.max(1, newest.seq - back)
    const message = await nextMessage(manager, { filter: subject, fromSeq })
    const earlierUs = message && lastLiveUs(message.payload)
    if (earlierUs !== undefined || fromSeq === 1) return earlierUs
  }
}

/** Of a subject as it is published (`ticks.<cid>.<tt>`) or stored (`ticks.<partition>.<cid>.<tt>`); undefined for an event's. */
function ridOf(subject: string): number | undefined {
  const tokens = subject.split('.')
  const [cid, tt] = tokens.slice(-2)
  return tokens[0] === 'ticks' && isTickType(tt) ? hash31(Number(cid), tt) : undefined
}

function lastLiveUs(payload: Uint8Array): number | undefined {
  const live = Buffer.from(payload)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .findLast((line) => !line.includes('"bf":true'))
  const st = live && /"st":(\d+)/.exec(live)?.[1]
  return st === undefined || st === '' ? undefined : Number(st)
}
