import { isoFromUs, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { openHistory } from '@ib-stream/tape'
import { z } from 'zod'
import { encodingFor } from '../api/encoding.ts'
import { oneOf, wholeNumber } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { sendStream } from '../api/send-stream.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { ticksAsOf } from '../derived/as-of.ts'
import { type QuotedTrade, quotesAtTrades } from '../derived/quotes-at-trades.ts'
import { HISTORY_ERRORS } from '../history/history-answers.ts'
import { TIME_RANGE, timeRangeOf } from '../history/time-range.ts'
import { TICK } from '../stream/events.ts'
import { AS_OF_CLOCK } from './as-of.ts'

const ANSWER = z
  .strictObject({
    contract_id: z.int(),
    time_range: z.strictObject({ start: z.string(), end: z.string() }),
    trades: z.array(z.strictObject({ trade: TICK, quote: TICK.nullable().describe('null: none was known') })),
    total_trades: z.int(),
  })
  .meta({ id: 'QuotedTrades' })

/** Ticks arrive up to so much after their stamps: a quote of before the range may have come after its start, and so on. */
const MARGIN_US = 60 * US_PER_SECOND

export const getQuotesAtTrades = defineRoute({
  path: '/v3/asof/{cid}/trades',
  id: 'getQuotesAtTrades',
  tag: 'derived',
  summary: 'Every trade of a range with the quote that stood at it',
  pathParameters: { cid: CONTRACT },
  query: {
    trades: oneOf(['last', 'all_last'], { doc: 'Which trades.', default: 'last' }),
    ...TIME_RANGE,
    clock: AS_OF_CLOCK,
    limit: wholeNumber(1, Number.MAX_SAFE_INTEGER, { allowed: 'a whole number, 1 or more', doc: 'Most trades.', default: 'no limit' }),
    format: oneOf(['json', 'ndjson'], { doc: 'Form of the answer.', default: 'json' }),
  },
  answers: {
    200: {
      doc: 'A trade and its quote each, in the order of the clock, as a stream.',
      content: { 'application/json': ANSWER, 'application/x-ndjson': 'text' },
      headers: { 'ibs-tail': 'As of a history answer' },
    },
  },
  errors: HISTORY_ERRORS,
  handle: async ({ path, query, request, reply, gone, isHead }, deps) => {
    const cid = await deps.contracts.cidOf(path.cid)
    const { trades = 'last', clock = 'st', format = 'json', limit = Number.POSITIVE_INFINITY, ...times } = query
    const given = request.query as Record<string, unknown>
    const { startUs, endUs } = await timeRangeOf(times, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given })
    void reply.header('content-type', format === 'json' ? 'application/json' : 'application/x-ndjson').header('cache-control', 'no-store')
    if (isHead) return reply.send()
    const fromUs = Math.max(0, startUs - MARGIN_US)
    // by IB's stamp, as what is read begins by it: by ours, a quote that came over that moment would be in neither
    const before = { cid, tts: ['bid_ask'], atUs: fromUs - 1, clock: 'ts', signal: gone } as const
    const { bid_ask: first } = fromUs === 0 ? {} : await ticksAsOf(deps, before)
    const { dataDir, backends, live } = deps
    const tts = [trades, 'bid_ask'] as const
    const range = { cids: [cid], tts, startUs: fromUs, endUs: endUs + MARGIN_US, prefer: 'pb' as const }
    await using history = await openHistory({ dataDir, backends, bus: live.bus, ...range, signal: gone })
    void reply.header('ibs-tail', history.tail)
    const quoted = quotesAtTrades(history.batches(), { clock, first: first?.tt === 'bid_ask' ? first : undefined })
    const wanted = within(quoted, { startUs, endUs, limit })
    const head = { contract_id: cid, time_range: { start: isoFromUs(startUs), end: isoFromUs(endUs) } }
    const encoding = encodingFor(request.headers['accept-encoding'] as string | undefined)
    await sendStream(reply, format === 'json' ? asJson(wanted, head) : asLines(wanted), { encoding, gone })
    return reply
  },
})

type Quoted = AsyncGenerator<readonly QuotedTrade[], void, undefined>

async function* within(quoted: Quoted, { startUs, endUs, limit }: { startUs: number; endUs: number; limit: number }): Quoted {
  let left = limit
  for await (const batch of quoted) {
    const some = batch.filter(({ trade: { ts } }) => ts >= startUs && ts < endUs).slice(0, left)
    left -= some.length
    if (some.length > 0) yield some
    if (left <= 0) return
  }
}

const lineOf = ({ trade, quote }: QuotedTrade): string =>
  `{"trade":${encodeTickJson(trade)},"quote":${quote ? encodeTickJson(quote) : 'null'}}`

async function* asLines(quoted: Quoted): AsyncGenerator<string, void, undefined> {
  for await (const batch of quoted) yield batch.map((one) => `${lineOf(one)}\n`).join('')
}

async function* asJson(quoted: Quoted, head: object): AsyncGenerator<string, void, undefined> {
  yield `${JSON.stringify(head).slice(0, -1)},"trades":[`
  let total = 0
  for await (const batch of quoted) {
    yield `${total === 0 ? '\n' : ',\n'}${batch.map(lineOf).join(',\n')}`
    total += batch.length
  }
  yield `\n],"total_trades":${total}}\n`
}
