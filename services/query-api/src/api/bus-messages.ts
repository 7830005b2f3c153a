import { type BackfillReply, type BackfillRequest, type LeaseAnswer, type LeaseRequest, type OpsEvent, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'

const us = z.int().describe('µs since 1970-01-01 UTC')
const stream = { cid: z.int(), tt: z.enum(TICK_TYPES) }
const refused = { ok: z.literal(false), code: z.string(), message: z.string() }

/** The body of a request to have a stream recorded; an empty one is a lease without a name. */
export const leaseRequestSchema = z.object({
  holder: z.string().exactOptional().describe('Whose lease it is; the same one renews it'),
  end: z.literal(true).exactOptional().describe('Gives it back before its time'),
}) satisfies z.ZodType<LeaseRequest>

const lineHolder = z.object({ ...stream, symbol: z.string(), tracked: z.boolean().describe('Recorded by itself, not for who asked') })

export const leaseAnswerSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    ...stream,
    rid: z.int(),
    state: z.enum(['subscribed', 'waiting', 'ended']),
    reason: z.string().exactOptional().describe('What it waits for'),
    untilUs: us.describe('Until when it stands without being renewed, µs since 1970-01-01 UTC'),
  }),
  z.object({
    ...refused,
    ibCode: z.int().exactOptional(),
    lines: z.array(lineHolder).exactOptional().describe('Who has the tick-by-tick lines'),
  }),
]) satisfies z.ZodType<LeaseAnswer>

export const backfillRequestSchema = z.object({
  cid: z.int(),
  tts: z.array(z.enum(TICK_TYPES)).min(1),
  startUs: us,
  endUs: us,
}) satisfies z.ZodType<BackfillRequest>

export const backfillReplySchema = z.union([
  z.object({ ...refused, field: z.string().exactOptional() }),
  z.object({ ok: z.literal(true), state: z.literal('end') }),
  z.object({
    ok: z.literal(true),
    state: z.enum(['waiting', 'running', 'filled', 'partly', 'unavailable']),
    tt: z.enum(TICK_TYPES),
    ticks: z.int().describe('Filled in so far'),
    pages: z.int().describe('Asked for so far'),
    share: z.number().describe('Part of the range that is covered, 0 to 1'),
    reason: z.string().optional(),
  }),
]) satisfies z.ZodType<BackfillReply>

const said = { st: us, service: z.string() }
const ofPartition = { ...said, backend: z.string(), partition: z.union([z.int(), z.literal('events')]) }
const messages = { fromSeq: z.int(), toSeq: z.int() }

/** What services say of their work, by kind: a sentence and the schema. */
export const OPS_EVENTS: { readonly [Kind in OpsEvent['kind']]: { doc: string; payload: z.ZodType<Extract<OpsEvent, { kind: Kind }>> } } = {
  log_gap: {
    doc: 'Messages went from the log before this backend had written them.',
    payload: z.object({ kind: z.literal('log_gap'), ...ofPartition, ...messages, fromUs: us }),
  },
  checkpoint_rebuilt: {
    doc: 'The checkpoint of a partition was made anew from its files and the log.',
    payload: z.object({
      kind: z.literal('checkpoint_rebuilt'),
      ...ofPartition,
      why: z.enum(['damaged', 'missing', 'older']),
      seq: z.int(),
      floorSeq: z.int(),
      cutFiles: z.int(),
    }),
  },
  seeded: {
    doc: 'What the log no longer held was taken from the files of another backend.',
    payload: z.object({
      kind: z.literal('seeded'),
      ...ofPartition,
      ...messages,
      from: z.string(),
      ticks: z.int(),
      files: z.int(),
      different: z.array(z.string()),
    }),
  },
  owner_stale: {
    doc: 'The lock of a partition is held and its checkpoint stands still.',
    payload: z.object({ kind: z.literal('owner_stale'), ...ofPartition, seq: z.int(), logSeq: z.int(), staleSeconds: z.number() }),
  },
  alert: {
    doc: 'Something needs a person, or no longer does.',
    payload: z.object({
      kind: z.literal('alert'),
      ...said,
      state: z.enum(['firing', 'resolved']),
      alert: z.string(),
      summary: z.string(),
    }),
  },
  publisher: {
    doc: 'The publisher of the log is in trouble, or met something that must not be there.',
    payload: z.object({
      kind: z.literal('publisher'),
      ...said,
      what: z.enum([
        ...['log_full', 'refused', 'spool_full', 'spool_failed', 'spool_slow'],
        ...['foreign', 'displaced', 'rolled_back', 'refill', 'sending'],
      ] as const),
      times: z.int(),
      reason: z.string().exactOptional(),
      fromSeq: z.int().exactOptional(),
      toSeq: z.int().exactOptional(),
    }),
  },
}
