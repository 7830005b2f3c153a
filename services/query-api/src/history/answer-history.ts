import { createHash } from 'node:crypto'
import { isoFromUs, type TickMessage, type TickType } from '@ib-stream/model'
import { formatCursor, type History, liveAfter, openHistory } from '@ib-stream/tape'
import { encodingFor } from '../api/encoding.ts'
import type { Given } from '../api/parameter.ts'
import { parameterInvalid } from '../api/read-parameters.ts'
import type { Call, RouteDeps } from '../api/route.ts'
import { sendStream } from '../api/send-stream.ts'
import { DEFAULT_TICK_TYPES } from '../api/shared-parameters.ts'
import { QueryError } from '../errors.ts'
import { type Chunks, ENCODERS } from './encode.ts'
import { type Format, formatFor, MEDIA_TYPES } from './format.ts'
import type { HISTORY_PARAMETERS } from './history-parameters.ts'
import { Page } from './page.ts'
import { timeRangeOf } from './time-range.ts'

export interface HistoryRequest {
  cids: readonly number[]
  tickTypes: readonly TickType[]
  startUs: number
  endUs: number
  format: Format
  expanded: boolean
  limit: number | undefined
  last: number | undefined
  after: Given<typeof HISTORY_PARAMETERS>['cursor']
  committed: boolean
  sessionSource: string | undefined
}

type HistoryCall = Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'> & { query: Given<typeof HISTORY_PARAMETERS> }

/** What is asked for. @throws QueryError as {@link timeRangeOf}, `IBS_QUERY_FORMAT_UNACCEPTABLE`, `IBS_QUERY_PARAMETER_INVALID`, `IBS_QUERY_RANGE_INVALID` */
export async function readHistoryRequest(
  { query, request }: HistoryCall,
  cids: readonly number[],
  deps: RouteDeps,
): Promise<HistoryRequest> {
  const { cursor: after, limit, last, expanded = false, committed = false } = query
  const given = request.query as Record<string, unknown>
  const range = await timeRangeOf(query, {
    nowUs: deps.nowUs(),
    contracts: deps.contracts,
    cid: cids.length === 1 ? cids[0] : undefined,
    given,
  })
  const format = query.format ?? formatFor(request.headers.accept)
  if (last !== undefined && (limit !== undefined || after !== undefined)) throw lastAlone(last)
  const tickTypes = query.tick_types ?? DEFAULT_TICK_TYPES
  if (expanded && (format === 'protobuf' || format === 'parquet')) throw noLongNames(format)
  if (format === 'parquet' && (cids.length > 1 || tickTypes.length > 1)) throw oneStreamAFile()
  return {
    cids,
    tickTypes,
    startUs: Math.max(range.startUs, after?.ts ?? 0),
    endUs: Math.max(range.endUs, (after?.ts ?? 0) + 1),
    format,
    expanded,
    limit,
    last,
    after,
    committed,
    sessionSource: range.session?.source,
  }
}

const BATCH_TICKS = 2_048
/** An answer of so many ticks is put together before its head, which can then say where to go on. */
const MOST_COLLECTED = 20_000

/** Answers with the ticks of a request: files, completed from the log, as a stream at the client's pace. A client that goes away ends the reading. */
export async function answerHistory(call: HistoryCall, cids: readonly number[], deps: RouteDeps, head: (asked: HistoryRequest) => object) {
  const startedMs = performance.now()
  const { gone, reply, request, isHead } = call
  const asked = await readHistoryRequest(call, cids, deps)
  const history = await openHistory({
    dataDir: deps.dataDir,
    backends: deps.backends,
    prefer: asked.format === 'protobuf' ? 'pb' : 'json',
    cids,
    tts: asked.tickTypes,
    startUs: asked.startUs,
    endUs: asked.endUs,
    batchTicks: BATCH_TICKS,
    bus: deps.live.bus,
    tailOf: asked.committed ? 'none' : 'open',
    signal: gone,
  })
  try {
    const encoding = encodingFor(request.headers['accept-encoding'] as string | undefined)
    const etag = etagOf(history, request.url, asked.format, encoding)
    reply.headers(headersOf(history, asked, etag))
    if (etag !== undefined && matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
    if (isHead) {
      const { ticks, bytes } = await history.measure()
      return reply.header('ibs-ticks', String(ticks)).header('ibs-bytes', String(bytes)).send()
    }
    const page = new Page(await sourceOf(history, asked), { ...asked, spoolId: history.position?.spoolId })
    let batches = page.batches() as AsyncIterable<readonly TickMessage[]>
    if (asked.limit !== undefined && asked.limit <= MOST_COLLECTED) {
      batches = asBatches(await Array.fromAsync(batches))
      if (page.next !== undefined) reply.header('ibs-next', page.next)
    }
    const isPaged = asked.limit !== undefined && asked.limit > MOST_COLLECTED
    const trailers = { names: ['ibs-next'], read: (): Record<string, string> => (page.next === undefined ? {} : { 'ibs-next': page.next }) }
    await sendStream(reply, chunksOf(history, asked, { batches, page, head: head(asked) }), {
      encoding,
      gone,
      ...(isPaged ? { trailers } : {}),
    })
    deps.metrics.answered(asked.format, page.ticks, (performance.now() - startedMs) / 1_000)
  } finally {
    if (history.damage.length > 0) deps.onDamage(history.damage)
    await history.close()
  }
  return reply
}

async function sourceOf(history: History, { last }: HistoryRequest): Promise<AsyncIterable<readonly TickMessage[]>> {
  if (last === undefined) return history.batches()
  const ticks = await history.last(last)
  return asBatches(ticks.length > 0 ? [ticks] : [])
}

interface Body {
  batches: AsyncIterable<readonly TickMessage[]>
  page: Page
  head: object
}

/** The records as they lie in the files where nothing is to be changed or left out; else made from ticks. */
function chunksOf(history: History, asked: HistoryRequest, { batches, page, head }: Body): Chunks {
  const { format, limit, last, after, expanded, cids, tickTypes } = asked
  const isWhole = limit === undefined && last === undefined && after === undefined && !expanded
  if (isWhole && format === 'ndjson') return asGenerator(history.bytes('json'))
  if (isWhole && format === 'protobuf') return asGenerator(history.bytes('pb'))
  const foot = () => ({ total_messages: page.ticks, ...(page.next === undefined ? {} : { next: page.next }) })
  const [cid = 0, tt = 'bid_ask'] = [cids[0], tickTypes[0]]
  return ENCODERS[format](batches, { stream: { cid, tt }, expanded, head, foot })
}

async function* asGenerator(chunks: AsyncIterable<Uint8Array>): Chunks {
  yield* chunks
}

async function* asBatches(batches: readonly (readonly TickMessage[])[]): AsyncGenerator<readonly TickMessage[], void, undefined> {
  yield* batches
}

function headersOf(history: History, { format, sessionSource }: HistoryRequest, etag: string | undefined): Record<string, string> {
  const { position, removed } = history
  return {
    'content-type': format === 'csv' ? `${MEDIA_TYPES.csv}; charset=utf-8; header=present` : MEDIA_TYPES[format],
    'cache-control': etag === undefined ? 'no-store' : 'no-cache',
    vary: 'accept, accept-encoding',
    'ibs-tail': history.tail,
    ...(etag === undefined ? {} : { etag }),
    ...(position === undefined ? {} : { 'ibs-position': formatCursor(liveAfter(position.spoolId, position.seq)) }),
    ...(removed.length === 0 ? {} : { 'ibs-removed-ticks': String(removed.reduce((sum, { ticks }) => sum + ticks, 0)) }),
    ...(sessionSource === undefined ? {} : { 'ibs-session-source': sessionSource }),
  }
}

/** Strong, for closed hours: the same files, asked in the same way, give the same bytes. A late tick makes a file longer, and the tag another one. */
function etagOf(history: History, url: string, format: Format, encoding: string | undefined): string | undefined {
  if (history.tail !== 'not_needed') return undefined
  const hash = createHash('sha256').update(`${history.fingerprint} ${url} ${format}`).digest('hex').slice(0, 32)
  return `"${hash}${encoding === undefined ? '' : `-${encoding}`}"`
}

const matches = (header = '', etag: string): boolean =>
  header
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === etag)

const lastAlone = (last: number): QueryError =>
  new QueryError('IBS_QUERY_RANGE_INVALID', 'last cannot stand beside limit or cursor, which count from the start; leave one of them out', {
    field: 'last',
    value: last,
    allowed: 'last alone, or limit and cursor',
  })

const noLongNames = (format: 'protobuf' | 'parquet'): QueryError =>
  parameterInvalid({
    field: 'expanded',
    value: true,
    problem: `cannot be had in ${format}, whose fields have ${format === 'protobuf' ? 'numbers' : 'names of their own'}`,
    allowed: `false with ${format}`,
  })

const oneStreamAFile = (): QueryError =>
  parameterInvalid({
    field: 'format',
    value: 'parquet',
    problem: 'is a file of one contract and one tick type',
    allowed: 'parquet with one contract and one of tick_types; arrow for several',
  })

/** What the JSON answer says before the ticks. */
export const timeRangeText = ({ startUs, endUs }: Pick<HistoryRequest, 'startUs' | 'endUs'>) => ({
  start: isoFromUs(startUs),
  end: isoFromUs(endUs),
})
