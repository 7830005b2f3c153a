import { GAP_CAUSES, type RecorderEvent, type RecorderEventKind, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'

const us = z.int().describe('µs since 1970-01-01 UTC')
const base = { st: us, epoch: z.int().describe('Number of the gateway connection since ingest started, from 1; 0 before the first') }
const stream = { cid: z.int(), tt: z.enum(TICK_TYPES) }
const gap = { ...base, ...stream, fromUs: us, cause: z.enum(GAP_CAUSES), code: z.int().exactOptional(), reason: z.string() }
const backfill = { ...base, ...stream, gapFromUs: us, gapToUs: us }

type OfKind<Kind extends RecorderEventKind> = Extract<RecorderEvent, { kind: Kind }>

/** Everything that ingest says about the recording, by kind: a sentence and the schema. */
export const RECORDER_EVENTS: { readonly [Kind in RecorderEventKind]: { doc: string; payload: z.ZodType<OfKind<Kind>> } } = {
  connection: {
    doc: 'The connection to the gateway stands, or is lost.',
    payload: z.object({
      kind: z.literal('connection'),
      ...base,
      state: z.enum(['connected', 'disconnected']),
      host: z.string(),
      port: z.int(),
      reason: z.string(),
      code: z.int().exactOptional(),
    }),
  },
  subscription: {
    doc: 'IB sends a stream, refuses it, or it was ended.',
    payload: z.object({
      kind: z.literal('subscription'),
      ...base,
      ...stream,
      rid: z.int(),
      state: z.enum(['subscribed', 'refused', 'ended']),
      code: z.int().exactOptional(),
      reason: z.string().exactOptional(),
    }),
  },
  gap_opened: { doc: 'From here ticks of a stream may be missing.', payload: z.object({ kind: z.literal('gap_opened'), ...gap }) },
  gap: {
    doc: 'Ticks of a stream may be missing between two moments; it is over.',
    payload: z.object({ kind: z.literal('gap'), ...gap, toUs: us }),
  },
  lost: {
    doc: 'Stands for a message of the log that nothing could give back.',
    payload: z.object({ kind: z.literal('lost'), ...base, seq: z.int() }),
  },
  roll: {
    doc: 'The front contract of a series has moved on.',
    payload: z.object({
      kind: z.literal('roll'),
      ...base,
      name: z.string(),
      from: z.int(),
      to: z.int(),
      lastTradeDate: z.string(),
    }),
  },
  jump: {
    doc: 'A price came that cannot follow from the one before: wrong data, mostly.',
    payload: z.object({ kind: z.literal('jump'), ...base, ...stream, price: z.number(), before: z.number(), reason: z.string() }),
  },
  clock: {
    doc: 'Our clock and that of IB went apart or agree again, or the system’s clock was set.',
    payload: z.object({
      kind: z.literal('clock'),
      ...base,
      state: z.enum(['differs', 'agrees', 'set']),
      offsetUs: z.int(),
      reason: z.string(),
    }),
  },
  lag: {
    doc: 'The stamps of a stream are not of now by IB’s own clock, or are again.',
    payload: z.object({ kind: z.literal('lag'), ...base, ...stream, state: z.enum(['off', 'agrees']), lagUs: z.int(), reason: z.string() }),
  },
  backfill_page: {
    doc: 'Ticks of a hole that IB’s history gave are in the log; they stand before this.',
    payload: z.object({ kind: z.literal('backfill_page'), ...backfill, fromUs: us, toUs: us, ticks: z.int() }),
  },
  backfill: {
    doc: 'A hole was filled from IB’s history, as far as IB has it.',
    payload: z.object({
      kind: z.literal('backfill'),
      ...backfill,
      state: z.enum(['filled', 'partly', 'unavailable']),
      filledFromUs: us.exactOptional(),
      asked: z.literal(true).exactOptional(),
      ticks: z.int(),
      pages: z.int(),
      reason: z.string().exactOptional(),
      code: z.int().exactOptional(),
      lacks: z.literal('unreported').exactOptional(),
    }),
  },
}
