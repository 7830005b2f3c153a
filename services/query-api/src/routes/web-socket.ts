import { defineRoute } from '../api/route.ts'
import { QueryError } from '../errors.ts'
import { WS_PATH } from '../ws/ws-path.ts'

/** The path of WebSockets for those who come without an upgrade, and for the documents. */
export const webSocketRoute = defineRoute({
  path: WS_PATH,
  id: 'openWebSocket',
  tag: 'live',
  summary: 'A WebSocket for any number of subscriptions',
  description: 'Messages in both directions are described in /asyncapi.json, channel `webSocket`.',
  answers: { 101: { doc: 'The connection is a WebSocket from here on.' } },
  errors: ['IBS_QUERY_UPGRADE_REQUIRED', 'IBS_QUERY_TOO_MANY_STREAMS', 'IBS_QUERY_LIVE_UNAVAILABLE', 'IBS_QUERY_ORIGIN_REFUSED'],
  handle: ({ reply }) => {
    void reply.header('upgrade', 'websocket').header('connection', 'upgrade')
    throw new QueryError('IBS_QUERY_UPGRADE_REQUIRED', `${WS_PATH} is a WebSocket; connect to it with ws://`, {
      field: 'Upgrade',
      allowed: 'websocket',
    })
  },
})
