import { tickSchema } from '@ib-stream/model'
import { z } from 'zod'
import { KNOWN_CODES, type KnownCode } from '../api/problem-table.ts'

/** A tick as every answer has it. */
export const TICK = tickSchema.meta({ id: 'Tick', description: 'One tick, format v3; docs/reference/tick-format.md' })

const resume = z.string().optional().describe('Where to go on: the id of the last tick that was given')

/**
 * Every event of a stream, by its name: the same on SSE (`event:`, `id:`, `data:`) and in WebSocket messages (`type`, `id`, `data`).
 * A tick's id is the cursor to go on after it.
 */
export const STREAM_EVENTS = {
  info: {
    doc: 'What became of the stream: `subscribed` when it begins, `ended` when the service stops.',
    data: z.object({
      status: z.enum(['subscribed', 'ended']),
      contract_id: z.int().optional(),
      tick_types: z.array(z.string()).optional(),
      reason: z.string().optional(),
      resume,
    }),
  },
  tick: { doc: 'One tick, exactly as it was recorded.', data: TICK },
  error: {
    doc: 'Why the stream ended; the last event of a stream that failed.',
    data: z.object({
      code: z.enum(KNOWN_CODES as [KnownCode, ...KnownCode[]]).describe('As in problem documents'),
      message: z.string(),
      resume,
    }),
  },
} as const
export type StreamEventName = keyof typeof STREAM_EVENTS
export type StreamEventData<Name extends StreamEventName> = z.output<(typeof STREAM_EVENTS)[Name]['data']>
