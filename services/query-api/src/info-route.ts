import { FIELDS, TICK_TYPES } from '@ib-stream/model'
import { FORMATS, MEDIA_TYPES } from './format.ts'
import { HISTORY_PARAMETERS, LIVE_PARAMETERS } from './parameters.ts'

/** Every route with what it takes; `/v3/info` and the answer to an unknown path list it. */
export const ROUTES = {
  '/v3/info': { doc: 'This page.', parameters: {} },
  '/v3/buffer/:cid/query': { doc: 'Recorded ticks of a range [start, end) on ts, merged over tick types.', parameters: HISTORY_PARAMETERS },
  '/v3/stream/:cid/live': { doc: 'Live ticks in the order of arrival, as server-sent events.', parameters: LIVE_PARAMETERS },
  '/health': { doc: 'State of the service and its parts; 503 when it is not ready.', parameters: {} },
  '/ready': { doc: 'As /health.', parameters: {} },
  '/metrics': { doc: 'Prometheus metrics.', parameters: {} },
} as const

/** What `GET /v3/info` answers. */
export function describeApi(): object {
  return {
    version: '3.0',
    description: 'Ticks of Interactive Brokers, recorded and live',
    tick_types: TICK_TYPES,
    fields: FIELDS.map(({ key, number, type, in: tickTypes, optional }) => ({
      key,
      proto: number,
      type,
      tick_types: tickTypes ?? TICK_TYPES,
      optional: optional === true,
    })),
    formats: FORMATS.map((format) => ({ format, media_type: MEDIA_TYPES[format] })),
    endpoints: Object.entries(ROUTES).map(([path, { doc, parameters }]) => ({
      method: 'GET',
      path,
      doc,
      parameters: describe(parameters),
    })),
    limits: { query_ticks: null, range: null, live_streams: null },
  }
}

function describe(parameters: Record<string, { allowed: string | readonly string[]; doc: string; default?: string }>): object[] {
  return Object.entries(parameters).map(([name, { allowed, doc, default: unset }]) => ({
    name,
    doc,
    allowed,
    ...(unset ? { default: unset } : {}),
  }))
}
