import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Scope } from '@ib-stream/service'
import { QueryError } from '../errors.ts'
import { ByteMeter } from './byte-meter.ts'
import type { KeyFile } from './key-file.ts'
import { TokenBucket } from './token-bucket.ts'

export interface AccessLimits {
  /** Requests that one caller may send at once, and a second from then on. */
  requests: number
  requestsPerSecond: number
  /** Answers from files that one caller, and all together, may have under way. */
  heavy: number
  heavyInAll: number
  /** Bytes a second of one caller, a minute's at once; 0: any number. */
  bytesPerSecond: number
}

export interface AccessOptions {
  /** Undefined: nobody needs a key. */
  keys: KeyFile | undefined
  limits: AccessLimits
}

/** Who asks. */
export interface Caller {
  /** Name of its key. */
  key: string | undefined
  /** What limits go by: its key, or its address. */
  id: string
}

export interface Knock {
  headers: IncomingHttpHeaders
  /** `api_key` of the query: browsers cannot set headers of streams. */
  queryKey: unknown
  address: string
  scope: Scope
  /** What is sent over it counts as the caller's. */
  socket: Socket
}

/** Callers of which nothing is known any more are forgotten. */
const SWEEP_AT = 1_000

/** Who may ask, and how often. */
export class Access {
  readonly #options: AccessOptions
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #heavy = new Map<string, number>()
  readonly #bytes: ByteMeter | undefined
  #heavyInAll = 0

  constructor(options: AccessOptions) {
    this.#options = options
    const { bytesPerSecond } = options.limits
    this.#bytes = bytesPerSecond > 0 ? new ByteMeter(bytesPerSecond) : undefined
  }

  /**
   * Lets a request in. A wrong key counts for its address, so keys cannot be tried out fast.
   * @throws QueryError `IBS_QUERY_KEY_MISSING`, `IBS_QUERY_KEY_FORBIDDEN`, `IBS_QUERY_TOO_MANY_REQUESTS`
   */
  admit(knock: Knock): Caller {
    const caller = this.#known(knock)
    const waitMs = this.#bytes?.begin(knock.socket, caller.id) ?? 0
    if (waitMs === 0) return caller
    throw tooMany(`more than ${this.#options.limits.bytesPerSecond} bytes a second; ask for less, or wait`, waitMs)
  }

  #known({ headers, queryKey, address, scope }: Knock): Caller {
    const { keys } = this.#options
    if (!keys) return this.#counted({ key: undefined, id: `address ${address}` })
    const given = keyIn(headers, queryKey)
    const key = given === undefined ? undefined : keys.find(given)
    if (!key) {
      this.#counted({ key: undefined, id: `address ${address}` })
      throw keyMissing(given !== undefined)
    }
    const caller = this.#counted({ key: key.name, id: `key ${key.name}` })
    if (scope === 'admin' && key.scope !== 'admin') throw keyForbidden(key.name)
    return caller
  }

  /**
   * Counts an answer that reads files, until it is released.
   * @throws QueryError `IBS_QUERY_TOO_MANY_REQUESTS`
   */
  beginHeavy({ id }: Caller): { release(): void } {
    const { heavy, heavyInAll } = this.#options.limits
    const running = this.#heavy.get(id) ?? 0
    if (running >= heavy) throw tooMany(`${heavy} queries of yours are under way; wait for one to end`)
    if (this.#heavyInAll >= heavyInAll) throw tooMany(`${heavyInAll} queries are under way; try again in a second`)
    this.#heavy.set(id, running + 1)
    this.#heavyInAll += 1
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      this.#heavyInAll -= 1
      const left = (this.#heavy.get(id) ?? 1) - 1
      if (left > 0) this.#heavy.set(id, left)
      else this.#heavy.delete(id)
    }
    return { release }
  }

  #counted(caller: Caller): Caller {
    const { requests: most, requestsPerSecond: perSecond } = this.#options.limits
    const bucket = this.#buckets.get(caller.id) ?? new TokenBucket({ most, perSecond })
    if (this.#buckets.size >= SWEEP_AT) for (const [id, one] of this.#buckets) if (one.isFull) this.#buckets.delete(id)
    this.#buckets.set(caller.id, bucket)
    if (bucket.take()) return caller
    throw tooMany(`more than ${perSecond} requests a second; send fewer, or ask for more at once`, bucket.waitMs)
  }
}

function keyIn({ authorization, 'x-api-key': header }: IncomingHttpHeaders, queryKey: unknown): string | undefined {
  const [, bearer] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  const given = bearer ?? header ?? queryKey
  return typeof given === 'string' && given !== '' ? given : undefined
}

function keyMissing(isGiven: boolean): QueryError {
  const what = isGiven ? 'this API key is not known' : 'an API key is needed'
  return new QueryError(
    'IBS_QUERY_KEY_MISSING',
    `${what}; send one as "Authorization: Bearer …", or as api_key where headers cannot be set`,
    {
      field: 'Authorization',
    },
  )
}

function keyForbidden(name: string): QueryError {
  return new QueryError('IBS_QUERY_KEY_FORBIDDEN', `the key ${name} may only read; use one with the scope admin`, {
    field: 'Authorization',
  })
}

function tooMany(why: string, retryAfterMs = 1_000): QueryError {
  return new QueryError('IBS_QUERY_TOO_MANY_REQUESTS', why, { retryAfterMs })
}
