import { isoFromUs } from '@ib-stream/model'
import { z } from 'zod'
import { readBy } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { CLIENT_KINDS } from '../clients/client-registry.ts'
import { QueryError } from '../errors.ts'

const CLIENTS = z
  .strictObject({
    clients: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(CLIENT_KINDS),
        address: z.string(),
        key: z.string().optional().describe('Name of its API key'),
        since: z.string(),
        ticks: z.int().describe('Ticks given so far'),
        request_id: z.string(),
        streams: z.array(z.strictObject({ name: z.string(), contract_ids: z.array(z.int()), tick_types: z.array(z.string()) })),
      }),
    ),
    total: z.int(),
  })
  .meta({ id: 'Clients' })

export const listClients = defineRoute({
  path: '/v3/clients',
  id: 'listClients',
  tag: 'service',
  summary: 'Who is connected with streams',
  answers: { 200: { doc: 'The oldest first.', content: { 'application/json': CLIENTS } } },
  handle: (_call, { clients }) => ({
    clients: clients.all.map(({ id, kind, address, key, sinceUs, ticks, requestId, streams }) => ({
      id,
      kind,
      address,
      ...(key === undefined ? {} : { key }),
      since: isoFromUs(sinceUs),
      ticks,
      request_id: requestId,
      streams: [...streams].map(({ name, contractIds, tickTypes }) => ({ name, contract_ids: contractIds, tick_types: tickTypes })),
    })),
    total: clients.all.length,
  }),
})

const CLIENT_ID = readBy((text) => (/^[0-9a-f-]{36}$/.test(text) ? { value: text } : { problem: 'is no id of a client' }), {
  allowed: 'an id of /v3/clients',
  doc: 'The client.',
})

export const endClient = defineRoute({
  method: 'DELETE',
  path: '/v3/clients/{id}',
  id: 'endClient',
  tag: 'service',
  summary: 'Ends the streams of a client; it is told, and where to go on',
  pathParameters: { id: CLIENT_ID },
  answers: { 204: { doc: 'It is told.' } },
  errors: ['IBS_QUERY_CLIENT_UNKNOWN'],
  handle: ({ path, reply }, { clients }) => {
    if (clients.end(path.id, 'admin')) return reply.code(204).send()
    throw new QueryError('IBS_QUERY_CLIENT_UNKNOWN', `there is no client ${path.id}; /v3/clients lists those that are connected`, {
      field: 'id',
      value: path.id,
    })
  },
})
