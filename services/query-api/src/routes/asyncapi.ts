import { z } from 'zod'
import { asyncApiOf } from '../api/asyncapi.ts'
import { defineRoute } from '../api/route.ts'

export const asyncApiRoute = defineRoute({
  path: '/asyncapi.json',
  id: 'getAsyncApi',
  tag: 'service',
  summary: 'Streams of this API and subjects of the bus as AsyncAPI 3.0',
  answers: { 200: { doc: 'The document.', content: { 'application/json': z.looseObject({ asyncapi: z.literal('3.0.0') }) } } },
  handle: (_call, { routes }) => asyncApiOf(routes),
})
