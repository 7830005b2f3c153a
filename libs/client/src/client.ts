import type { Bar, BarsAnswer, Contract, ContractsFound, Gaps, Gets, SnapshotAnswer, StudyAnswer, Tick } from './api-types.ts'
import { ClientError } from './errors.ts'
import type { StreamEvent } from './events.ts'
import { linesOf } from './lines.ts'
import { type ContractRef, type Ranged, rangeQuery, type TickType } from './options.ts'
import type { StudyOutput } from './outputs.ts'
import { ReplayControl, type ReplayControlOptions } from './replay.ts'
import { type QueryValue, type Request, send, type Transport } from './request.ts'
import { eventsOf } from './sse.ts'
import { TickStream } from './stream.ts'
import { type WatchOptions, watch } from './watch.ts'

export interface ClientOptions {
  /** Address of query-api. @default the page's own origin in a browser, else http://127.0.0.1:8851 */
  url?: string | undefined
  /** Where the server asks for one. */
  apiKey?: string | undefined
  /** @default the platform's own */
  fetch?: typeof fetch
}

export interface StreamOptions extends Omit<Ranged, 'to'> {
  cid: ContractRef
  /** @default ['bid_ask'] */
  tickTypes?: readonly TickType[] | undefined
  /** Go on after this place: {@link TickStream.cursor} of an earlier stream. */
  after?: string | undefined
  /** End after so many ticks. */
  limit?: number | undefined
  /** @default 45000 */
  idleMs?: number | undefined
  /** Told of everything that is no tick, also of breaks (`reconnecting`) and of `resume_incomplete`. */
  onEvent?: ((event: StreamEvent) => void) | undefined
}

export interface ReplayOptions extends Ranged {
  /** One, or up to 100 in one order of time. */
  cid: ContractRef | readonly ContractRef[]
  tickTypes?: readonly TickType[] | undefined
  /** Recorded seconds in a real one, 0.1 to 1000, or `max`. @default 1 */
  speed?: number | 'max' | undefined
  onEvent?: ((event: StreamEvent) => void) | undefined
}

export interface HistoryOptions extends Ranged {
  cid: ContractRef
  tickTypes?: readonly TickType[] | undefined
  /** The earliest ticks of the range. */
  limit?: number | undefined
  /** The last ticks of the range instead. */
  last?: number | undefined
}

export interface BarOptions extends Ranged {
  cid: ContractRef
  /** `30s`, `1m`, `1d`; `500t` (prices); `10000v` (volume). @default '1m' */
  interval?: string | undefined
  /** @default 'trades' */
  of?: 'trades' | 'mid' | 'mid_point' | undefined
  trades?: 'last' | 'all_last' | undefined
  reset?: 'none' | 'regular' | 'full' | undefined
}

export interface StudyOptions extends Ranged {
  cid: ContractRef
  study: string
  /** The study's own: `{ window_seconds: 60 }`. */
  parameters?: Readonly<Record<string, string | number>> | undefined
}

export interface GetOptions<Path extends keyof Gets> {
  path?: { readonly [Name in keyof Gets[Path]['path']]: ContractRef }
  query?: { readonly [Name in keyof Gets[Path]['query']]?: Gets[Path]['query'][Name] | undefined }
  signal?: AbortSignal | undefined
}

const IDLE_MS = 45_000
const DEFAULT_URL = 'http://127.0.0.1:8851'

/** The API of one query-api. Nothing is sent before something is asked for. Every method throws {@link ClientError}, and `signal.reason` once the signal aborts. */
export class Client {
  readonly #transport: Transport

  constructor({ url, apiKey, fetch: given }: ClientOptions = {}) {
    const { location } = globalThis as { location?: { origin: string } }
    this.#transport = {
      url: url ?? location?.origin ?? DEFAULT_URL,
      apiKey,
      fetch: given ?? ((input, init) => fetch(input, init)), // a browser's own refuses another `this`
    }
  }

  /** Ticks from `from` on, then live ones, for as long as they are read; without `from` live alone. A break is mended without a tick twice or missing. */
  stream(options: StreamOptions): TickStream {
    const { cid, tickTypes, after, limit, idleMs = IDLE_MS, onEvent = () => undefined, signal } = options
    const range = rangeQuery(options)
    const isLive = Object.values(range).every((value) => value === undefined)
    return new TickStream(this.#transport, {
      request: {
        template: isLive ? '/v3/stream/{cid}/live' : '/v3/stream/{cid}/buffer',
        path: { cid },
        query: { ...range, tick_types: tickTypes },
      },
      resumeTemplate: '/v3/stream/{cid}/buffer',
      ...{ after, limit, idleMs, onEvent, signal },
    })
  }

  /** Live ticks of many contracts over one WebSocket, until `signal` aborts: the promise then rejects with its reason. */
  watch(options: WatchOptions): Promise<void> {
    return watch(this.#transport, options)
  }

  /** Recorded ticks at the pace at which they came, in the order of their arrival. */
  replay(options: ReplayOptions): TickStream {
    const { cid, tickTypes, speed, onEvent = () => undefined, signal } = options
    const query = { ...rangeQuery(options), tick_types: tickTypes, speed }
    const [template, request] =
      typeof cid === 'object'
        ? (['/v3/replay', { query: { ...query, contracts: cid } }] as const)
        : (['/v3/stream/{cid}/replay', { path: { cid }, query }] as const)
    return new TickStream(this.#transport, {
      request: { template, ...request },
      resumeTemplate: template,
      ...{ after: undefined, limit: undefined, idleMs: IDLE_MS, onEvent, signal },
    })
  }

  /** A replay that can be paused, moved and made faster while it runs. */
  openReplay(options: ReplayControlOptions): ReplayControl {
    return new ReplayControl(this.#transport, options)
  }

  /** Recorded ticks of a range, in query order, as they come in. */
  async *history(options: HistoryOptions): AsyncGenerator<Tick, void, undefined> {
    const { cid, tickTypes, limit, last, signal } = options
    const query = { ...rangeQuery(options), tick_types: tickTypes, limit, last, format: 'ndjson' }
    const { body } = await this.#send({ template: '/v3/buffer/{cid}/query', path: { cid }, query, signal })
    if (!body) return
    for await (const lines of linesOf(body, { signal })) for (const line of lines) yield JSON.parse(line) as Tick
  }

  /** Bars of a range; the last is not `complete` while its end has not come. */
  async bars(options: BarOptions): Promise<Bar[]> {
    const { outputs } = await this.#json<BarsAnswer>({ template: '/v3/bars/{cid}', ...barRequest(options) })
    return [...outputs]
  }

  /** Bars of a range, then each as it ends; it does not go on after a break, so begin again at the last one. */
  liveBars(options: BarOptions & { onEvent?: (event: StreamEvent) => void }): AsyncGenerator<Bar, void, undefined> {
    return this.#outputs<Bar>({ template: '/v3/bars/{cid}', ...barRequest(options) }, options.onEvent)
  }

  /** What a study gives over a range. */
  study(options: StudyOptions): Promise<StudyAnswer> {
    return this.#json<StudyAnswer>({ template: '/v3/studies/{cid}/{study}', ...studyRequest(options) })
  }

  /** What a study gives over a range and then live; it does not go on after a break. */
  liveStudy(options: StudyOptions & { onEvent?: (event: StreamEvent) => void }): AsyncGenerator<StudyOutput, void, undefined> {
    return this.#outputs<StudyOutput>({ template: '/v3/studies/{cid}/{study}', ...studyRequest(options) }, options.onEvent)
  }

  /** Times in which ticks may be missing, and why. */
  gaps(
    options: Ranged & { contracts?: readonly ContractRef[] | undefined; tickTypes?: readonly TickType[] | undefined } = {},
  ): Promise<Gaps> {
    const { contracts, tickTypes, signal } = options
    return this.#json({ template: '/v3/gaps', query: { ...rangeQuery(options), contracts, tick_types: tickTypes }, signal })
  }

  /** The newest tick of every stream, or of some. */
  snapshot(
    options: {
      contracts?: readonly ContractRef[] | undefined
      tickTypes?: readonly TickType[] | undefined
      signal?: AbortSignal | undefined
    } = {},
  ): Promise<SnapshotAnswer> {
    const { contracts, tickTypes, signal } = options
    return this.#json({ template: '/v3/snapshot', query: { contracts, tick_types: tickTypes }, signal })
  }

  /** What IB says of a contract. */
  contract(cid: ContractRef, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Contract> {
    return this.#json({ template: '/v3/contracts/{cid}', path: { cid }, signal })
  }

  /** Every contract that IB has under a symbol. */
  lookUp(
    symbol: string,
    { secType, signal }: { secType?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ContractsFound> {
    const template = secType === undefined ? '/v3/contracts/lookup/{symbol}' : '/v3/contracts/lookup/{symbol}/{sec_type}'
    return this.#json({ template, path: { symbol, sec_type: secType ?? '' }, signal })
  }

  /** Any other GET that answers with JSON, by its path: `client.get('/v3/contracts/{cid}/schedule', { path: { cid: 'AAPL' } })`. */
  get<Path extends keyof Gets>(template: Path, { path, query, signal }: GetOptions<Path> = {}): Promise<Gets[Path]['answer']> {
    return this.#json({ template, path: path as Record<string, ContractRef>, query: query as Record<string, QueryValue>, signal })
  }

  /** Any other request; the answer's body is yours to read. */
  request(request: Request): Promise<Response> {
    return this.#send(request)
  }

  #send(request: Request): Promise<Response> {
    return send(this.#transport, request)
  }

  async #json<Answer>(request: Request): Promise<Answer> {
    const response = await this.#send(request)
    return (await response.json()) as Answer
  }

  async *#outputs<Output>(request: Request, onEvent: ((event: StreamEvent) => void) | undefined): AsyncGenerator<Output, void, undefined> {
    const response = await this.#send({ ...request, query: { ...request.query, live: true } })
    const { body } = response
    if (!body) return
    for await (const events of eventsOf(body, { signal: request.signal })) {
      for (const { name, data } of events) {
        if (name === 'output') yield JSON.parse(data) as Output
        if (name === 'output' || name === '') continue
        const event = { name, data: JSON.parse(data) as unknown } as StreamEvent
        onEvent?.(event)
        if (event.name === 'complete') return
        if (event.name === 'error') throw new ClientError(event.data.code, event.data.message, { status: response.status })
      }
    }
    throw new ClientError('IBS_CLIENT_SERVER_AWAY', 'the stream ended in the middle; ask for it anew', { status: 0 })
  }
}

const barRequest = (options: BarOptions): Omit<Request, 'template'> => {
  const { cid, interval, of, trades, reset, signal } = options
  return { path: { cid }, query: { ...rangeQuery(options), interval, of, trades, reset }, signal }
}

const studyRequest = (options: StudyOptions): Omit<Request, 'template'> => {
  const { cid, study, parameters, signal } = options
  return { path: { cid, study }, query: { ...rangeQuery(options), ...parameters }, signal }
}
