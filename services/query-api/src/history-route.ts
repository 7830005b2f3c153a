import { Readable } from 'node:stream'
import { isoFromUs, type TickMessage } from '@ib-stream/model'
import { type History, openHistory } from '@ib-stream/tape'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ENCODERS, MEDIA_TYPES } from './format.ts'
import { type HistoryQuery, parseHistoryQuery } from './parameters.ts'
import type { ServerDeps } from './server-deps.ts'

const BATCH_TICKS = 2_048

/** `GET /v3/buffer/:cid/query`: files, completed from the log, as a stream at the client's pace. A client that goes away ends the reading. */
export async function answerHistory(deps: ServerDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const startedMs = performance.now()
  const query = parseHistoryQuery(request, deps.nowUs())
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(new Error('the client has gone')))
  const history = await openHistory({
    dataDir: deps.dataDir,
    backends: deps.backends,
    cids: [query.cid],
    tts: query.tickTypes,
    startUs: query.startUs,
    endUs: query.endUs,
    ...(query.limit === undefined ? {} : { limit: query.limit }),
    batchTicks: BATCH_TICKS,
    bus: deps.live.bus,
    signal: gone.signal,
  })
  const counted = new CountedBatches(history)
  const stream = Readable.from(ENCODERS[query.format](await counted.begin(), envelopeOf(query)), { objectMode: false })
  stream.once('close', () => {
    deps.metrics.answered(query.format, counted.ticks, (performance.now() - startedMs) / 1_000)
    if (history.damage.length > 0) deps.onDamage(history.damage)
    counted.end().catch(deps.onFailure)
  })
  return reply
    .header('content-type', MEDIA_TYPES[query.format])
    .header('cache-control', 'no-store')
    .header('ibs-tail', history.tail)
    .send(stream)
}

function envelopeOf({ cid, tickTypes, startUs, endUs }: HistoryQuery) {
  return { contractId: cid, tickTypes, startIso: isoFromUs(startUs), endIso: isoFromUs(endUs) }
}

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
