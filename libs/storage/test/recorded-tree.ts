import { hash31, hourOf, type TICK_TYPES, type TickMessage, US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '../src/codec/json.ts'
import { encodeTickProto } from '../src/codec/proto.ts'
import type { Backend } from '../src/layout/backend.ts'
import { eventsPath, segmentPath } from '../src/layout/segment-path.ts'
import { openPartitionStore, type PartitionStore } from '../src/segment/partition-store.ts'

export const START_US = hourOf(1753884000_000000)
export const source = { spoolId: 'spool-1', source: 'simulator' as const }
/** All in partition 9. */
export const CID = 8314

export const recordOf = (backend: Backend, tick: TickMessage): Uint8Array =>
  backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick)

/** Tick n of a made-up recording, some an hour; now and then late by hours. */
export function tickAt(n: number, perHour: number): TickMessage {
  const st = START_US + Math.floor((n * US_PER_HOUR) / perHour) + 17
  const ts = n % 11 === 7 ? st - 3 * US_PER_HOUR : Math.floor(st / US_PER_SECOND) * US_PER_SECOND
  const tt = n % 3 === 0 ? ('last' as const) : ('bid_ask' as const)
  const core = { ts, st, cid: CID, rid: hash31(CID, tt) }
  return tt === 'last' ? { ...core, tt, p: 100 + (n % 7), s: n, ex: 'NYSE' } : { ...core, tt, bp: 99 + (n % 7), bs: n, ap: 101, as: 3 }
}

export async function openStore(dataDir: string, backend: Backend, partition: number | 'events' = 9): Promise<PartitionStore> {
  const store = await openPartitionStore({ dataDir, backend, partition, source })
  if (store === undefined) throw new Error('the partition is locked')
  return store
}

export function takeTick(store: PartitionStore, backend: Backend, seq: number, tick: TickMessage): void {
  store.append(segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) }), recordOf(backend, tick))
  store.advance(seq, tick.st)
}

/**
 * A tree of both backends as writers leave it: `ticks` ticks from START_US on, `perHour` an hour; the last hours are still open. Ends durable.
 * @returns what was recorded, in order of the log
 */
export async function recordTree(
  dataDir: string,
  about: { ticks: number; perHour: number; backends?: readonly Backend[] },
): Promise<TickMessage[]> {
  const { ticks: count, perHour, backends = ['json', 'pb'] } = about
  const ticks = Array.from({ length: count }, (_, n) => tickAt(n, perHour))
  for (const backend of backends) {
    await using store = await openStore(dataDir, backend)
    for (const [n, tick] of ticks.entries()) {
      takeTick(store, backend, n + 1, tick)
      if (n % perHour === 0) await store.commitDurable()
    }
    await store.commitDurable()
    await store.commitDurable()
  }
  await using events = await openStore(dataDir, 'json', 'events')
  for (let day = 0; day < 2; day++) {
    const st = START_US + day * US_PER_DAY
    events.append(eventsPath(st), Buffer.from(`{"kind":"connection","st":${st}}\n`))
    events.advance(day + 1, st)
  }
  await events.commitVisible()
  events.advance(9, START_US + 3 * US_PER_DAY)
  await events.commitDurable()
  return ticks
}

export const fileAt = (backend: Backend, hour: number, tt: (typeof TICK_TYPES)[number] = 'bid_ask'): string =>
  segmentPath({ backend, cid: CID, tt, hourUs: START_US + hour * US_PER_HOUR })
