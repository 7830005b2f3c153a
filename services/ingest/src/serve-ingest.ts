import { hostname } from 'node:os'
import { type Bus, type MicroService, serveMicro } from '@ib-stream/bus'
import type { RecordingHealth } from '@ib-stream/model'
import { VERSION } from '@ib-stream/service'

/** Makes ingest known by the NATS services protocol: `$SRV.STATS.ingest` says how well each stream is recorded. */
export function serveIngest(health: () => RecordingHealth, { bus, source }: { bus: Bus; source: string }): MicroService {
  return serveMicro({
    bus,
    name: 'ingest',
    version: VERSION,
    description: 'records the ticks of the gateway',
    metadata: { owner: `${hostname()}:${process.pid}`, source },
    state: health,
  })
}
