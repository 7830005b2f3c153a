import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { type Channel, channelsOf } from '../../src/api/channels.ts'

export interface Frame {
  type: string
  to?: string
  id?: string
  data: Record<string, unknown>
}

const { sends = {} } = channelsOf([]).find(({ id }) => id === 'webSocket') as Channel

/** A client that holds every message to what AsyncAPI says of it. */
export interface WsClient extends AsyncDisposable {
  ws: WebSocket
  frames: Frame[]
  /** Messages that are not as they are described. */
  breaches: string[]
  closed: { code: number; reason: string } | undefined
  /** As an object in JSON, or as the text itself. */
  send(message: unknown): void
  of(to: string): Frame[]
  lines(to: string): string[]
}

export async function openWs(base: string, options: { autoPong?: boolean; path?: string } = {}): Promise<WsClient> {
  const { autoPong = true, path = '/v3/ws/stream' } = options
  const ws = new WebSocket(`${base.replace('http', 'ws')}${path}`, { autoPong })
  const frames: Frame[] = []
  const client: WsClient = {
    ws,
    frames,
    breaches: [],
    closed: undefined,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    of: (to) => frames.filter((frame) => frame.to === to),
    lines: (to) => frames.filter((frame) => frame.to === to && frame.type === 'tick').map(({ data }) => JSON.stringify(data)),
    [Symbol.asyncDispose]: async () => {
      if (ws.readyState === ws.CLOSED) return
      const gone = once(ws, 'close')
      ws.terminate()
      await gone
    },
  }
  ws.on('error', () => undefined)
  ws.on('close', (code, reason) => {
    client.closed = { code, reason: String(reason) }
  })
  ws.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Frame
    frames.push(frame)
    const rule: z.ZodType | undefined = sends[frame.type]?.payload
    const result = rule?.safeParse(frame)
    if (result?.success !== true) client.breaches.push(`${String(data)}: ${result?.error ?? 'is not described'}`)
  })
  await once(ws, 'open')
  return client
}
