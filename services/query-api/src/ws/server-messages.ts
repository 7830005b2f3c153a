import { z } from 'zod'
import type { StreamMessage } from '../stream/message.ts'

/** What comes on a WebSocket besides the events of streams. */
export const CONNECTION_MESSAGES = {
  connected: {
    doc: 'The first message: what can be done here.',
    data: z.object({
      version: z.literal('3.0'),
      client_id: z.string().describe('As in /v3/clients'),
      capabilities: z.object({
        max_streams_per_connection: z.int(),
        max_contracts_per_stream: z.int(),
        max_messages_per_second: z.int(),
        supported_tick_types: z.array(z.string()),
        ping_interval_seconds: z.number(),
      }),
    }),
  },
  pong: {
    doc: 'Answers a ping.',
    data: z.object({ server_timestamp: z.string(), client_timestamp: z.string().optional() }),
  },
} as const

/** A message as it is sent: `to` is the id of the client's message that it belongs to. */
export function wsFrame({ name, id, json }: StreamMessage, to: string | undefined): string {
  const toPart = to === undefined ? '' : `,"to":"${to}"`
  const idPart = id === undefined ? '' : `,"id":"${id}"`
  return `{"type":"${name}"${toPart}${idPart},"data":${json}}`
}

export function connectionFrame<Name extends keyof typeof CONNECTION_MESSAGES>(
  name: Name,
  data: z.output<(typeof CONNECTION_MESSAGES)[Name]['data']>,
  to?: string,
): string {
  return JSON.stringify({ type: name, ...(to === undefined ? {} : { to }), data })
}
