import { FIELDS, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import type { Parameters } from '../api/parameter.ts'
import { defineRoute, type Route } from '../api/route.ts'
import { LONG_NAMES } from '../history/expanded.ts'
import { FORMATS, MEDIA_TYPES } from '../history/format.ts'

const INFO = z
  .object({
    version: z.literal('3.0'),
    description: z.string(),
    documents: z.object({ openapi: z.string(), asyncapi: z.string(), people: z.string() }),
    tick_types: z.array(z.string()),
    fields: z.array(
      z.object({
        key: z.string(),
        name: z.string().describe('In answers with expanded=true'),
        proto: z.int().describe('Number of the field in protobuf'),
        type: z.string(),
        tick_types: z.array(z.string()),
        optional: z.boolean(),
      }),
    ),
    formats: z.array(z.object({ format: z.string(), media_type: z.string() })),
    endpoints: z.array(
      z.object({
        method: z.string(),
        path: z.string(),
        doc: z.string(),
        parameters: z.array(
          z.object({
            name: z.string(),
            doc: z.string(),
            allowed: z.union([z.string(), z.array(z.string())]),
            default: z.string().optional(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Info' })

export const infoRoute = defineRoute({
  path: '/v3/info',
  id: 'getInfo',
  tag: 'service',
  summary: 'What this API can do: fields, formats, and every route with its parameters',
  answers: { 200: { doc: 'The whole of it.', content: { 'application/json': INFO } } },
  handle: (_call, { routes }) => describeApi(routes),
})

function describeApi(routes: readonly Route[]): z.output<typeof INFO> {
  return {
    version: '3.0',
    description: 'Ticks of Interactive Brokers, recorded and live',
    documents: { openapi: '/openapi.json', asyncapi: '/asyncapi.json', people: '/docs' },
    tick_types: [...TICK_TYPES],
    fields: FIELDS.map(({ key, number, type, in: tickTypes, optional }) => ({
      key,
      name: LONG_NAMES[key as keyof typeof LONG_NAMES],
      proto: number,
      type,
      tick_types: [...(tickTypes ?? TICK_TYPES)],
      optional: optional === true,
    })),
    formats: FORMATS.map((format) => ({ format, media_type: MEDIA_TYPES[format] })),
    endpoints: routes.map(({ method, path, summary, query = {} }) => ({ method, path, doc: `${summary}.`, parameters: describe(query) })),
  }
}

function describe(parameters: Parameters): z.output<typeof INFO>['endpoints'][number]['parameters'] {
  return Object.entries(parameters).map(([name, { allowed, doc, default: unset }]) => ({
    name,
    doc,
    allowed: typeof allowed === 'string' ? allowed : [...allowed],
    ...(unset === undefined ? {} : { default: unset }),
  }))
}
