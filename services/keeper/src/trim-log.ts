import { askTrim, type Bus, BusError, EVENTS, TICKS } from '@ib-stream/bus'
import { type Backend, syncCheckpoints } from '@ib-stream/storage'
import { firstSeqSince } from './log-age.ts'
import { type LogExtent, type PurgePlan, planPurge } from './plan-purge.ts'
import { type Position, readPositions } from './positions.ts'

export interface TrimOptions {
  bus: Bus
  dataDir: string
  backends: readonly Backend[]
  keepMs: number
  /** Between reading the checkpoints and the purge; tests give their own. */
  sync?: (dataDir: string, backend: Backend) => Promise<void>
}

/**
 * Drops from the log what every backend has for sure. The checkpoints are read first, then their folders synced, then ingest is asked to cut the log: a checkpoint whose
 * name a power cut takes back must not have cost the log anything (rule keeper-syncs of the model).
 */
export async function trimLog(options: TrimOptions, log: LogExtent): Promise<{ plan: PurgePlan; positions: Position[] }> {
  const { bus, dataDir, backends, keepMs, sync = syncCheckpoints } = options
  const positions = await readPositions(dataDir, backends)
  const keepFromSeq = await firstSeqSince(bus.manager, log, Date.now() - keepMs)
  const plan = (await eventsAreBehind(bus)) ?? planPurge(log, positions, keepFromSeq)
  if (plan.do !== 'purge') return { plan, positions }
  for (const backend of backends) await sync(dataDir, backend)
  try {
    await askTrim(bus, plan.belowSeq)
    return { plan, positions }
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    return { plan: { do: 'blocked', reason: error.message }, positions }
  }
}

/** EVENTS copies the recorder's events from the log by itself, in its own time. */
async function eventsAreBehind(bus: Bus): Promise<PurgePlan | undefined> {
  const { sources = [] } = await bus.manager.streams.info(EVENTS)
  const lag = sources.find(({ name }) => name === TICKS)?.lag ?? 0
  return lag > 0 ? { do: 'blocked', reason: `the stream ${EVENTS} has not yet copied ${lag} events` } : undefined
}
