import { Readable } from 'node:stream'
import { isoFromUs, TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { type History, openHistory } from '@ib-stream/tape'
import { z } from 'zod'
import { oneOf, wholeNumber } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { DEFAULT_TICK_TYPES, TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { ENCODERS, FORMATS, formatFor, MEDIA_TYPES } from '../history/format.ts'
import { TIME_RANGE, TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'
import { TICK } from '../stream/events.ts'

const BATCH_TICKS = 2_048

const ANSWER = z
  .strictObject({
    contract_id: z.int(),
    tick_types: z.array(z.enum(TICK_TYPES)),
    format: z.literal('json'),
    time_range: z.strictObject({ start: z.string(), end: z.string() }),
    messages: z.array(TICK),
    total_messages: z.int(),
  })
  .meta({ id: 'HistoryAnswer' })

/** Files, completed from the log, as a stream at the client's pace. A client that goes away ends the reading. */
export const queryHistory = defineRoute({
  path: '/v3/buffer/{cid}/query',
  id: 'queryHistory',
  tag: 'history',
  summary: 'Recorded ticks of a range [start, end) on ts, merged over tick types',
  pathParameters: { cid: CONTRACT },
  query: {
    tick_types: TICK_TYPE_LIST,
    ...TIME_RANGE,
    format: oneOf(FORMATS, { doc: 'Form of the answer; goes before Accept.', default: 'json' }),
    limit: wholeNumber(1, Number.MAX_SAFE_INTEGER, {
      allowed: 'a whole number, 1 or more',
      doc: 'Most ticks; the earliest ones are given.',
      default: 'no limit',
    }),
  },
  answers: {
    200: {
      doc: 'The ticks in query order.',
      content: { [MEDIA_TYPES.json]: ANSWER, [MEDIA_TYPES.ndjson]: 'text', [MEDIA_TYPES.protobuf]: 'bytes' },
      headers: { 'ibs-tail': 'not_needed, read or unavailable: whether the log was needed to complete the answer, and answered' },
    },
  },
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, 'IBS_QUERY_FORMAT_UNACCEPTABLE', 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
  handle: async ({ path, query, isHead, gone, request, reply }, deps) => {
    const startedMs = performance.now()
    const cid = await deps.contracts.cidOf(path.cid)
    const given = request.query as Record<string, unknown>
    const { startUs, endUs } = await timeRangeOf(query, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given })
    const format = query.format ?? formatFor(request.headers.accept)
    const tickTypes = query.tick_types ?? DEFAULT_TICK_TYPES
    const history = await openHistory({
      dataDir: deps.dataDir,
      backends: deps.backends,
      cids: [cid],
      tts: tickTypes,
      startUs,
      endUs,
      ...(query.limit === undefined ? {} : { limit: query.limit }),
      batchTicks: BATCH_TICKS,
      bus: deps.live.bus,
      signal: gone,
    })
    reply.header('content-type', MEDIA_TYPES[format]).header('cache-control', 'no-store').header('ibs-tail', history.tail)
    if (isHead) {
      await history.close()
      return reply.send()
    }
    const counted = new CountedBatches(history)
    const envelope = { contractId: cid, tickTypes, startIso: isoFromUs(startUs), endIso: isoFromUs(endUs) }
    const stream = Readable.from(ENCODERS[format](await counted.begin(), envelope), { objectMode: false })
    stream.once('close', () => {
      deps.metrics.answered(format, counted.ticks, (performance.now() - startedMs) / 1_000)
      if (history.damage.length > 0) deps.onDamage(history.damage)
      counted.end().catch((error: unknown) => deps.onFailure(error, request.id))
    })
    return reply.send(stream)
  },
})

/** The batches of a history, the first of them read before the answer begins, so that what fails at once still gets its own status. */
class CountedBatches {
  ticks = 0
  readonly #history: History
  readonly #batches: AsyncIterator<readonly TickMessage[]>

  constructor(history: History) {
    this.#history = history
    this.#batches = history.batches()[Symbol.asyncIterator]()
  }

  async begin(): Promise<AsyncIterable<readonly TickMessage[]>> {
    try {
      return this.#from(await this.#batches.next())
    } catch (error) {
      await this.#history.close()
      throw error
    }
  }

  /** Closes what a reading under way holds open. Idempotent. */
  async end(): Promise<void> {
    await this.#history.close()
    await this.#batches.return?.()
  }

  async *#from(first: IteratorResult<readonly TickMessage[]>): AsyncGenerator<readonly TickMessage[], void, undefined> {
    for (let next = first; !next.done; next = await this.#batches.next()) {
      this.ticks += next.value.length
      yield next.value
    }
  }
}
