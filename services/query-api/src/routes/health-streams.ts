import { GAP_CAUSES, HEALTH_WORDS, isoFromUs, overallHealth, type RecordingHealth, type StreamHealth, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { recordingOrThrow } from '../recording/ask-services.ts'

const WORD = z
  .enum(HEALTH_WORDS)
  .describe('off_hours: the market is closed, nothing is missing; unknown: nothing comes and IB has not told whether it is open')

const STREAM_HEALTH = z
  .strictObject({
    contract_id: z.int(),
    symbol: z.string(),
    tick_type: z.enum(TICK_TYPES),
    health: WORD,
    reason: z.string().nullable().describe('Why it is not healthy'),
    tracked: z.boolean().describe('Recorded by itself; else for as long as somebody listens'),
    subscription: z.enum(['waiting', 'no_line', 'subscribed', 'refused']),
    market: z.enum(['open', 'closed', 'pre_market', 'after_hours', 'unknown']),
    ticks: z.int().describe('Since the start of ingest'),
    last_tick: z.string().nullable(),
    silent_seconds: z.number().nullable().describe('Without a tick while its market was open'),
    allowed_silence_seconds: z.number().nullable().describe('For how long it may be: a multiple of its longest silences of late'),
    gap: z
      .strictObject({ from: z.string(), cause: z.union([z.enum(GAP_CAUSES), z.string()]), reason: z.string() })
      .nullable()
      .describe('Since when ticks may be missing, and why'),
  })
  .meta({ id: 'StreamHealth' })

const ALL = z
  .strictObject({
    at: z.string(),
    health: WORD,
    gateway: z.string().describe('State of the connection to the gateway'),
    lines: z
      .strictObject({ allowed: z.int(), granted: z.int(), waiting: z.int() })
      .describe('Tick-by-tick lines: those of the account, those taken, and streams that wait for one'),
    streams: z.array(STREAM_HEALTH),
    troubles: z
      .array(z.strictObject({ name: z.string(), text: z.string() }))
      .describe('Names that mean no contract, contracts that end soon'),
  })
  .meta({ id: 'RecordingHealth' })

const ONE = z
  .strictObject({ contract_id: z.int(), at: z.string(), health: WORD, gateway: z.string(), streams: z.array(STREAM_HEALTH) })
  .meta({ id: 'ContractRecordingHealth' })

export const listStreamHealth = defineRoute({
  path: '/health/streams',
  id: 'listStreamHealth',
  tag: 'truth',
  summary: 'How well each stream is recorded now, by the data that comes and the hours of its market',
  answers: { 200: { doc: 'As ingest sees it, at most a second old.', content: { 'application/json': ALL } } },
  errors: ['IBS_QUERY_INGEST_AWAY'],
  handle: async (_call, deps): Promise<z.output<typeof ALL>> => {
    const { health, gateway, lines, streams, troubles } = await recordingOrThrow(deps)
    return { at: isoFromUs(deps.nowUs()), health, gateway, lines, streams: streams.map(shown), troubles: [...troubles] }
  },
})

export const getStreamHealth = defineRoute({
  path: '/health/streams/{cid}',
  id: 'getStreamHealth',
  tag: 'truth',
  summary: 'How well the streams of a contract are recorded now',
  pathParameters: { cid: CONTRACT },
  answers: { 200: { doc: 'As ingest sees it, at most a second old.', content: { 'application/json': ONE } } },
  errors: [...CONTRACT_ERRORS, 'IBS_QUERY_INGEST_AWAY', 'IBS_QUERY_NOT_RECORDED'],
  handle: async ({ path }, deps): Promise<z.output<typeof ONE>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const recording = await recordingOrThrow(deps)
    const streams = recording.streams.filter((stream) => stream.cid === cid)
    if (streams.length === 0) throw notRecorded(cid, recording)
    const health = overallHealth(streams.map((stream) => stream.health))
    return { contract_id: cid, at: isoFromUs(deps.nowUs()), health, gateway: recording.gateway, streams: streams.map(shown) }
  },
})

function shown(stream: StreamHealth): z.output<typeof STREAM_HEALTH> {
  const { cid, symbol, tt, health, reason, tracked, subscription, market, ticks, lastStUs, silentSeconds, allowedSilenceSeconds, gap } =
    stream
  return {
    contract_id: cid,
    symbol,
    tick_type: tt,
    health,
    reason: reason ?? null,
    tracked,
    subscription,
    market,
    ticks,
    last_tick: lastStUs === undefined ? null : isoFromUs(lastStUs),
    silent_seconds: silentSeconds ?? null,
    allowed_silence_seconds: allowedSilenceSeconds ?? null,
    gap: gap ? { from: isoFromUs(gap.fromUs), cause: gap.cause, reason: gap.reason } : null,
  }
}

function notRecorded(cid: number, { streams }: RecordingHealth): QueryError {
  const recorded = [...new Set(streams.map((stream) => stream.cid))]
  return new QueryError('IBS_QUERY_NOT_RECORDED', `contract ${cid} is not recorded now; listen to it, or PUT /v3/tracked/${cid}`, {
    field: 'cid',
    value: cid,
    allowed: recorded,
  })
}
