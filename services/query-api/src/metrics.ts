import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Format } from './history/format.ts'

/** What Prometheus sees of query-api. */
export interface QueryMetrics {
  /** An answer of any route ended. `route`: its id, `none` for an unknown path. */
  responded(route: string, status: number, seconds: number): void
  /** A history answer ended, whole or not. */
  answered(format: Format, ticks: number, seconds: number): void
  liveOpened(): void
  liveClosed(): void
  liveTicks(count: number): void
}

const QUERY_SECONDS = [0.002, 0.005, 0.015, 0.05, 0.15, 0.5, 1.5, 5, 15, 60]

export function registerQueryMetrics(registry: Registry): QueryMetrics {
  const registers = [registry]
  const labelNames = ['format'] as const
  const http = new Histogram({
    name: 'ibs_query_http_duration_seconds',
    help: 'From a request to the last byte of its answer; a stream counts when it ends',
    labelNames: ['route', 'status'] as const,
    buckets: QUERY_SECONDS,
    registers,
  })
  const queries = new Counter({ name: 'ibs_query_requests_total', help: 'History queries answered', labelNames, registers })
  const ticks = new Counter({ name: 'ibs_query_ticks_total', help: 'Ticks given out from history', labelNames, registers })
  const seconds = new Histogram({
    name: 'ibs_query_duration_seconds',
    help: 'From the request to the last byte of a history query',
    labelNames,
    buckets: QUERY_SECONDS,
    registers,
  })
  const clients = new Gauge({ name: 'ibs_query_live_clients', help: 'Live streams open now', registers })
  const liveTicks = new Counter({ name: 'ibs_query_live_ticks_total', help: 'Ticks given out live, over all clients', registers })
  return {
    responded: (route, status, tookSeconds) => http.observe({ route, status: String(status) }, tookSeconds),
    answered: (format, count, tookSeconds) => {
      queries.inc({ format })
      ticks.inc({ format }, count)
      seconds.observe({ format }, tookSeconds)
    },
    liveOpened: () => clients.inc(),
    liveClosed: () => clients.dec(),
    liveTicks: (count) => liveTicks.inc(count),
  }
}
