import { connectBus, EVENTS_FILTER, readStoredEvents, TICKS } from '@ib-stream/bus'
import { PARTITION_COUNT, partitionOf } from '@ib-stream/model'
import { type Backend, readPosition } from '@ib-stream/storage'
import { waitFor } from '../support/wait-for.ts'
import { CONTRACTS, TICK_TYPES, type World } from './world.ts'

/** How long a backend takes until its files hold all that the log held now, ms. */
export async function measureCatchUp(world: World, backend: Backend): Promise<number> {
  const startedMs = performance.now()
  const goals = await lastSequences(world)
  await waitFor(`${backend} has caught up`, () => isAt(world, backend, goals), 120_000)
  return Math.round(performance.now() - startedMs)
}

/** Newest sequence of each partition that has ticks. */
export async function lastSequences(world: World): Promise<Map<number, number>> {
  await using bus = await connectBus({ url: world.natsUrl, name: 'chaos' })
  const goals = new Map<number, number>()
  for (const cid of CONTRACTS) {
    const partition = partitionOf(cid)
    const newest = await bus.manager.streams.getMessage(TICKS, { last_by_subj: `ticks.${partition}.>` })
    if (newest) goals.set(partition, Math.max(newest.seq, goals.get(partition) ?? 0))
  }
  return goals
}

export async function isAt(world: World, backend: Backend, goals: ReadonlyMap<number, number>): Promise<boolean> {
  for (let partition = 0; partition < PARTITION_COUNT; partition++) {
    const goal = goals.get(partition)
    if (goal !== undefined && ((await readPosition(world.dataDisk.folder, backend, partition))?.seq ?? 0) < goal) return false
  }
  return true
}

/** Newest `st` of each stream of which the log still has a tick, µs UTC. */
export async function newestInLog(world: World): Promise<Map<string, number>> {
  await using bus = await connectBus({ url: world.natsUrl, name: 'chaos' })
  const newest = new Map<string, number>()
  for (const cid of CONTRACTS) {
    for (const tt of TICK_TYPES) {
      const message = await bus.manager.streams.getMessage(TICKS, { last_by_subj: `ticks.${partitionOf(cid)}.${cid}.${tt}` })
      const line = message?.string().trimEnd().split('\n').at(-1)
      if (line) newest.set(`${cid}_${tt}`, (JSON.parse(line) as { st: number }).st)
    }
  }
  return newest
}

/** Whether the events' files hold all that the log has of them. */
export async function eventsAreWhole(world: World): Promise<boolean> {
  await using bus = await connectBus({ url: world.natsUrl, name: 'chaos' })
  const newest = await bus.manager.streams.getMessage(TICKS, { last_by_subj: EVENTS_FILTER })
  return ((await readPosition(world.dataDisk.folder, 'json', 'events'))?.seq ?? 0) >= (newest?.seq ?? 0)
}

/** Recorder events as EVENTS has them, when it has the last one of the log. */
export async function storedEvents(world: World): Promise<string[]> {
  await using bus = await connectBus({ url: world.natsUrl, name: 'chaos' })
  const newest = await bus.manager.streams.getMessage(TICKS, { last_by_subj: EVENTS_FILTER })
  return await world.waitFor('EVENTS has the last event of the log', async () => {
    const lines: string[] = []
    for await (const text of readStoredEvents(bus, [EVENTS_FILTER], AbortSignal.timeout(30_000))) lines.push(text.trimEnd())
    return (newest === null || lines.at(-1) === newest.string().trimEnd()) && lines
  })
}
