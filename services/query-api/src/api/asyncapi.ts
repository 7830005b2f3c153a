import { VERSION } from '@ib-stream/service'
import { type Channel, type ChannelMessage, channelsOf } from './channels.ts'
import { type Definitions, schemaIn } from './json-schema.ts'
import type { JsonSchema } from './parameter.ts'
import type { Route } from './route.ts'

/** Subjects of the bus and streams of the API as an AsyncAPI 3.0 document. */
export function asyncApiOf(routes: readonly Route[]): JsonSchema {
  const schemas: Definitions = {}
  const channels = channelsOf(routes)
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'ib-stream',
      version: VERSION,
      description: 'Ticks of Interactive Brokers: live on the bus (NATS) and as streams of the API. Times are µs since 1970-01-01 UTC.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      api: { host: '127.0.0.1:8851', protocol: 'http', description: 'query-api: HOST and PORT' },
      webSocket: { host: '127.0.0.1:8851', protocol: 'ws', description: 'query-api: HOST and PORT' },
      bus: { host: '127.0.0.1:4222', protocol: 'nats', description: 'NATS_URL' },
    },
    channels: Object.fromEntries(channels.map((channel) => [channel.id, channelOf(channel, schemas)])),
    operations: Object.fromEntries(channels.map((channel) => [channel.id, operationOf(channel)])),
    components: { schemas },
  }
}

function channelOf({ address, server, doc, parameters = {}, sends = {}, takes = {} }: Channel, schemas: Definitions): JsonSchema {
  const described = Object.entries(parameters).map(([name, description]) => [name, { description }])
  const messages = [
    ...Object.entries(sends).map(([name, message]) => [name, messageOf(name, message, schemas, 'output')]),
    ...Object.entries(takes).map(([name, message]) => [name, messageOf(name, message, schemas, 'input')]),
  ]
  return {
    address,
    description: doc,
    servers: [{ $ref: `#/servers/${server}` }],
    ...(described.length > 0 ? { parameters: Object.fromEntries(described) } : {}),
    messages: Object.fromEntries(messages),
  }
}

function messageOf(name: string, { doc, payload, contentType }: ChannelMessage, schemas: Definitions, io: 'input' | 'output'): JsonSchema {
  return { name, summary: doc, ...(contentType === undefined ? {} : { contentType }), payload: schemaIn(schemas, payload, io) }
}

/** A channel that takes messages answers on the inbox of each; one that only sends is listened to. */
function operationOf({ id, doc, sends, takes }: Channel): JsonSchema {
  const refs = (messages: object = {}) => Object.keys(messages).map((name) => ({ $ref: `#/channels/${id}/messages/${name}` }))
  const channel = { $ref: `#/channels/${id}` }
  if (takes === undefined) return { action: 'send', channel, summary: doc, messages: refs(sends) }
  const reply = sends === undefined ? {} : { reply: { channel, messages: refs(sends) } }
  return { action: 'receive', channel, summary: doc, messages: refs(takes), ...reply }
}
