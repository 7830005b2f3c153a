import { TICK_TYPES, tickSchema } from '@ib-stream/model'
import { z } from 'zod'
import { KNOWN_CODES, type KnownCode } from '../api/problem-table.ts'
import { RECORDER_EVENTS } from './recorder-events.ts'

/** A tick as every answer has it. */
export const TICK = tickSchema.meta({ id: 'Tick', description: 'One tick, format v3; docs/reference/tick-format.md' })

/** Why a stream ended that did not fail. */
export const END_REASONS = [
  'limit_reached',
  'timeout',
  'unsubscribed',
  'end_of_data',
  'slow_consumer',
  'server_shutdown',
  'ended_by_admin',
] as const
export type EndReason = (typeof END_REASONS)[number]

/** What ingest can say of a stream that is asked for. */
export const RECORDING_STATES = ['recording', 'waiting', 'refused', 'unavailable'] as const
export type RecordingState = (typeof RECORDING_STATES)[number]

const resume = z.string().optional().describe('Where to go on: as the id of an event')

/**
 * Every event of a stream, by its name: the same on SSE (`event:`, `id:`, `data:`) and in WebSocket messages (`type`, `id`, `data`).
 * An `id` is the cursor to go on after it.
 */
export const STREAM_EVENTS = {
  info: {
    doc: 'A stream begins (`subscribed`), or what becomes of the recording that feeds it: `waiting`, `refused` and `unavailable` say why no ticks can come now, `recording` that they can again.',
    data: z.object({
      status: z.enum(['subscribed', ...RECORDING_STATES]),
      contract_ids: z.array(z.int()),
      tick_types: z.array(z.enum(TICK_TYPES)),
      reason: z.string().optional().describe('In words; of a refusal, those of IB'),
      code: z.string().optional().describe('Code of ingest, see docs/reference/errors.md'),
    }),
  },
  replay: {
    doc: 'What a replay does: after its beginning, and after each pause, seek and change of speed.',
    data: z.object({
      state: z.enum(['playing', 'paused']),
      speed: z.union([z.number(), z.literal('max')]).describe('Recorded seconds in a real one'),
      position: z.string().describe('Moment of the tape, ISO'),
      start: z.string().optional(),
      end: z.string().optional(),
    }),
  },
  tick: { doc: 'One tick, exactly as it was recorded.', data: TICK },
  output: { doc: 'What a study gives.', data: z.looseObject({ study: z.string(), cid: z.int(), ts: z.int() }) },
  live: { doc: 'The history is through: everything from here on comes as it arrives.', data: z.object({}) },
  resume_incomplete: {
    doc: 'The log no longer holds what came between these moments. Ticks that arrived then follow from the files; of those that were late by more than a day, or, after an id of a history, at all, some may be missing.',
    data: z.object({ from: z.string(), to: z.string() }),
  },
  connection: { doc: RECORDER_EVENTS.connection.doc, data: RECORDER_EVENTS.connection.payload },
  gap_opened: { doc: RECORDER_EVENTS.gap_opened.doc, data: RECORDER_EVENTS.gap_opened.payload },
  gap: { doc: RECORDER_EVENTS.gap.doc, data: RECORDER_EVENTS.gap.payload },
  lost: { doc: RECORDER_EVENTS.lost.doc, data: RECORDER_EVENTS.lost.payload },
  complete: {
    doc: 'The stream is over, as it should be; its last event.',
    data: z.object({
      reason: z.enum(END_REASONS),
      ticks: z.int().describe('Ticks that it gave'),
      seconds: z.number().describe('How long it lasted, s'),
      resume,
    }),
  },
  error: {
    doc: 'Why the stream ended; the last event of a stream that failed.',
    data: z.object({
      code: z.enum(KNOWN_CODES as [KnownCode, ...KnownCode[]]).describe('As in problem documents'),
      message: z.string(),
      field: z.unknown().optional().describe('What is wrong, where a request was'),
      value: z.unknown().optional().describe('What was given'),
      allowed: z.unknown().optional().describe('What would have been right'),
      resume,
    }),
  },
} as const
/** What is told of the recording between ticks. */
export const TOLD_KINDS = ['connection', 'gap_opened', 'gap', 'lost'] as const

export type StreamEventName = keyof typeof STREAM_EVENTS
export type StreamEventData<Name extends StreamEventName> = z.output<(typeof STREAM_EVENTS)[Name]['data']>
