import { HEALTH_WORDS, type RecordingHealth, type StreamHealth, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'

const us = z.number()
const stream = { cid: z.int(), tt: z.enum(TICK_TYPES) }

const streamSchema = z.object({
  ...stream,
  symbol: z.string(),
  tracked: z.boolean(),
  health: z.enum(HEALTH_WORDS),
  reason: z.string().exactOptional(),
  subscription: z.enum(['waiting', 'no_line', 'subscribed', 'refused']),
  market: z.enum(['open', 'closed', 'pre_market', 'after_hours', 'unknown']),
  ticks: z.int(),
  lastStUs: us.exactOptional(),
  silentSeconds: z.number().exactOptional(),
  allowedSilenceSeconds: z.number().exactOptional(),
  gap: z.object({ fromUs: us, cause: z.string(), reason: z.string() }).exactOptional(),
}) satisfies z.ZodType<StreamHealth>

/** What ingest says of the recording over the bus. */
export const recordingSchema = z.object({
  health: z.enum(HEALTH_WORDS),
  gateway: z.string(),
  lines: z.object({ allowed: z.int(), granted: z.int(), waiting: z.int() }),
  streams: z.array(streamSchema),
  troubles: z.array(z.object({ name: z.string(), text: z.string() })),
  clock: z.object({
    state: z.enum(['unknown', 'agrees', 'differs']),
    offsetUs: us,
    bounds: z.object({ lowUs: us, highUs: us }).exactOptional(),
    streams: z.array(z.object({ ...stream, lagUs: us, isOff: z.boolean() })),
  }),
}) satisfies z.ZodType<RecordingHealth>
