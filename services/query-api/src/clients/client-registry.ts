import { randomUUID } from 'node:crypto'
import { QueryError } from '../errors.ts'
import type { Recorded } from '../stream/feed.ts'

/** How a client is connected. */
export const CLIENT_KINDS = ['sse', 'websocket'] as const
export type ClientKind = (typeof CLIENT_KINDS)[number]

/** One stream of a client: what it asked for. */
export interface ClientStream {
  /** The client's own name for it; on SSE the route. */
  name: string
  contractIds: readonly number[]
  tickTypes: readonly string[]
}

export function clientStream(name: string, streams: readonly Recorded[]): ClientStream {
  return { name, contractIds: [...new Set(streams.map(({ cid }) => cid))], tickTypes: [...new Set(streams.map(({ tt }) => tt))] }
}

export interface ClientFacts {
  kind: ClientKind
  /** Remote address. */
  address: string
  /** Name of its API key. */
  key: string | undefined
  requestId: string
}

/** Who ended a client: an administrator, or the taking back of its key. */
export type EndedBy = 'admin' | 'key'

/** A connected client. */
export interface Client extends ClientFacts, Disposable {
  readonly id: string
  readonly sinceUs: number
  /** Ticks given so far. */
  ticks: number
  readonly streams: Set<ClientStream>
  /** Aborts when it is ended from outside; its reason is an {@link EndedBy}. */
  readonly ended: AbortSignal
}

/** Most clients with streams, in all and of one caller: a key, or an address where there is none. */
export interface ClientBounds {
  most: number
  mostOfCaller: number
}

const callerOf = ({ key, address }: Pick<ClientFacts, 'key' | 'address'>): string => (key === undefined ? address : `the key ${key}`)

/** Who is connected now. */
export class ClientRegistry {
  readonly #clients = new Map<string, Client & { end(by: EndedBy): void }>()
  readonly #bounds: ClientBounds
  readonly #nowUs: () => number

  constructor(bounds: ClientBounds, nowUs: () => number) {
    this.#bounds = bounds
    this.#nowUs = nowUs
  }

  get all(): readonly Client[] {
    return [...this.#clients.values()]
  }

  /**
   * Stays until it is disposed.
   * @throws QueryError `IBS_QUERY_TOO_MANY_STREAMS`
   */
  enter(facts: ClientFacts): Client {
    const { most, mostOfCaller } = this.#bounds
    if (this.#clients.size >= most) throw tooMany(`${most} clients are connected`)
    const caller = callerOf(facts)
    if (this.all.filter((client) => callerOf(client) === caller).length >= mostOfCaller)
      throw tooMany(`${caller} has ${mostOfCaller} streams open`)
    const id = randomUUID()
    const end = new AbortController()
    const leave = () => void this.#clients.delete(id)
    const client = { ...facts, id, sinceUs: this.#nowUs(), ticks: 0, streams: new Set<ClientStream>(), ended: end.signal }
    const entry = Object.assign(client, { end: (by: EndedBy) => end.abort(by), [Symbol.dispose]: leave })
    this.#clients.set(id, entry)
    return entry
  }

  /** Ends a client; it is told. @returns whether there is one of this id */
  end(id: string, by: EndedBy): boolean {
    const client = this.#clients.get(id)
    client?.end(by)
    return client !== undefined
  }
}

function tooMany(why: string): QueryError {
  return new QueryError('IBS_QUERY_TOO_MANY_STREAMS', `${why}, and more are not taken; close one, or come back later`)
}
