import { z } from 'zod'
import { openApiOf } from '../api/openapi.ts'
import { defineRoute } from '../api/route.ts'

export const openApiRoute = defineRoute({
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'service',
  summary: 'This API as OpenAPI 3.1',
  answers: { 200: { doc: 'The document.', content: { 'application/json': z.looseObject({ openapi: z.literal('3.1.1') }) } } },
  handle: (_call, { routes }) => openApiOf(routes),
})
