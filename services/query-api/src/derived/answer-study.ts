import { isoFromUs, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { type PreparedStudy, runStudy, type StudyOutput } from '@ib-stream/studies'
import { openHistory } from '@ib-stream/tape'
import { z } from 'zod'
import { encodingFor } from '../api/encoding.ts'
import { flag, type Given, oneOf } from '../api/parameter.ts'
import type { AnswerDoc, Call, RouteDeps } from '../api/route.ts'
import { sendStream } from '../api/send-stream.ts'
import { patternedOver } from '../contracts/patterned-hours.ts'
import { type AskedTimes, beginningOf, type TimeRangeContext, timeRangeOf } from '../history/time-range.ts'
import { serveSse } from '../stream/serve-sse.ts'
import { STREAM_ENDS } from '../stream/stream-parameters.ts'
import { openStudyFeed } from './study-feed.ts'
import { asQueryError, createStudy } from './study-request.ts'

/** How outputs are given, besides the study's own parameters and the range of time. */
export const STUDY_ANSWER_PARAMETERS = {
  format: oneOf(['json', 'ndjson'], { doc: 'Form of the answer.', default: 'json' }),
  live: flag({ doc: 'Go on live after the history, as server-sent events with an event output.' }),
  timeout: STREAM_ENDS.timeout,
} as const

/** What a study answers whose outputs are of one form. */
export const studyAnswers = (output: z.ZodType, id: string): Readonly<Record<number, AnswerDoc>> => ({
  200: {
    doc: 'The outputs in their order; docs/reference/studies.md has their fields.',
    content: {
      'application/json': z
        .strictObject({
          contract_id: z.int(),
          study: z.string(),
          parameters: z.record(z.string(), z.unknown()).describe('Complete, with defaults'),
          time_range: z.strictObject({ start: z.string(), end: z.string() }),
          outputs: z.array(output),
          total_outputs: z.int(),
        })
        .meta({ id }),
      'application/x-ndjson': 'text',
      'text/event-stream': 'text',
    },
  },
})

type StudyCall = Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'> & { query: Given<typeof STUDY_ANSWER_PARAMETERS> & AskedTimes }

/** Ticks come up to so much after their stamps: before that it is not sure that a bar has all of its own. */
const ARRIVED_AFTER_US = 60 * US_PER_SECOND

/** Nobody listens to one stream for longer. */
const LISTENS_FOR_US = 366 * US_PER_DAY

/** Runs a study over a range, or over history and then live. */
export async function answerStudy(
  call: StudyCall,
  deps: RouteDeps,
  { cid, prepared, needsCalendar }: { cid: number; prepared: PreparedStudy; needsCalendar: boolean },
) {
  const { query, request, reply, gone, isHead } = call
  const context: TimeRangeContext = { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given: request.query as Record<string, unknown> }
  const told = needsCalendar ? await deps.contracts.calendar(cid) : undefined
  const latestUs = context.nowUs + LISTENS_FOR_US
  const studyOver = (fromUs: number, endUs: number) =>
    createStudy(prepared, told && patternedOver(told, { fromUs, untilUs: Math.max(fromUs, Math.min(endUs, latestUs)) }), fromUs)
  if (query.live) {
    const open = async (signal: AbortSignal) => {
      const startUs = await beginningOf(query, context)
      const study = studyOver(startUs, latestUs)
      return await openStudyFeed(deps, study, { cid, tts: prepared.inputs, startUs, signal })
    }
    return serveSse(call, deps, { open, timeoutMs: query.timeout })
  }
  const { startUs, endUs } = await timeRangeOf(query, context)
  const study = studyOver(startUs, endUs)
  const format = query.format ?? 'json'
  reply.header('content-type', format === 'json' ? 'application/json' : 'application/x-ndjson').header('cache-control', 'no-store')
  if (isHead) return reply.send()
  const range = { cids: [cid], tts: prepared.inputs, startUs, endUs, prefer: 'pb' as const }
  await using history = await openHistory({ dataDir: deps.dataDir, backends: deps.backends, bus: deps.live.bus, ...range, signal: gone })
  reply.header('ibs-tail', history.tail)
  const isWhole = history.tail === 'not_needed' || history.tail === 'read'
  const untilUs = isWhole ? Math.min(endUs, context.nowUs - ARRIVED_AFTER_US) : undefined
  const outputs = failingAsQuery(runStudy(study, history.batches(), untilUs))
  const head = {
    contract_id: cid,
    study: prepared.name,
    parameters: prepared.parameters,
    time_range: { start: isoFromUs(startUs), end: isoFromUs(endUs) },
  }
  const encoding = encodingFor(request.headers['accept-encoding'] as string | undefined)
  await sendStream(reply, format === 'json' ? asJson(outputs, head) : asLines(outputs), { encoding, gone })
  return reply
}

type Outputs = AsyncIterable<readonly StudyOutput[]>

async function* failingAsQuery(outputs: Outputs): AsyncGenerator<readonly StudyOutput[], void, undefined> {
  try {
    yield* outputs
  } catch (error) {
    throw asQueryError(error)
  }
}

async function* asLines(outputs: Outputs): AsyncGenerator<string, void, undefined> {
  for await (const batch of outputs) yield batch.map((output) => `${JSON.stringify(output)}\n`).join('')
}

async function* asJson(outputs: Outputs, head: object): AsyncGenerator<string, void, undefined> {
  yield `${JSON.stringify(head).slice(0, -1)},"outputs":[`
  let total = 0
  for await (const batch of outputs) {
    yield `${total === 0 ? '\n' : ',\n'}${batch.map((output) => JSON.stringify(output)).join(',\n')}`
    total += batch.length
  }
  yield `\n],"total_outputs":${total}}\n`
}
