import { hostname } from 'node:os'
import { type Bus, type MicroService, serveMicro } from '@ib-stream/bus'
import { VERSION } from '@ib-stream/service'
import type { Keeper } from './keeper.ts'

/** Makes the keeper known by the NATS services protocol: `$SRV.STATS.keeper` says how far each backend's files are, and what holds the log back. */
export function serveKeeper(keeper: Keeper, { bus, source }: { bus: Bus; source: string }): MicroService {
  return serveMicro({
    bus,
    name: 'keeper',
    version: VERSION,
    description: 'trims the log to what every backend has in its files, watches, alerts',
    metadata: { owner: `${hostname()}:${process.pid}`, source },
    state: () => statsOf(keeper),
  })
}

/** As the last look saw it. */
function statsOf({ sight, plan, lowest, purgedMessages, firing }: Keeper): Record<string, unknown> {
  const log = sight?.log
  return {
    state: log ? 'keeping' : 'waiting_for_log',
    log: log && { firstSeq: log.firstSeq, lastSeq: log.lastSeq, bytes: log.bytes, maxBytes: log.maxBytes },
    trim: plan?.do === 'blocked' ? plan.reason : (plan?.do ?? 'not yet'),
    heldBackBy: lowest && { backend: lowest.backend, partition: lowest.partition, seq: lowest.seq },
    purgedMessages,
    backends: (sight?.backends ?? []).map(({ backend, lagMessages, lagSeconds, owners }) => ({
      backend,
      lagMessages,
      lagSeconds,
      partitions: owners.map(({ partition, seq, stillMs, locked }) => ({
        partition,
        seq,
        checkpointStillSeconds: stillMs / 1_000,
        locked,
      })),
    })),
    alerts: firing.map(({ alert, summary, since }) => ({ alert, summary, since })),
  }
}
