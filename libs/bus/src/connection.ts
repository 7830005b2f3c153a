import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, errors, type NatsConnection, type NodeConnectionOptions, nkeyAuthenticator } from '@nats-io/transport-node'
import { BusError } from './errors.ts'
import { inboxPrefix, repliesPrefix } from './security/bus-users.ts'
import { readCredentials } from './security/credentials.ts'

/** A connection to NATS that comes back by itself; what was on its way when it broke is the caller's to send or ask again. */
export interface Bus extends AsyncDisposable {
  readonly connection: NatsConnection
  readonly jetstream: JetStreamClient
  readonly manager: JetStreamManager
  readonly state: 'connected' | 'disconnected' | 'closed'
  /** Answers to requests come below this, which nobody else may listen to. */
  readonly inboxPrefix: string
  /** Answers come below this that may take hours: those who give them may always publish there. */
  readonly repliesPrefix: string
  /** Calls back after each loss and return of the connection; the function given back ends that. */
  onChange(listener: (state: 'connected' | 'disconnected') => void): () => void
  /** The server does not answer for the log: in a cluster, where it may be cut off from the others, the next one is tried (seldom, whoever asks how often). */
  moveOn(): void
  close(): Promise<void>
}

const OLDEST_SERVER = [2, 10] as const
/** A dead peer is noticed after two unanswered pings. */
const PING_EVERY_MS = 2_000
const RETRY_EVERY_MS = 500
const REQUEST_WITHIN_MS = 5_000
const MOVE_ON_EVERY_MS = 5_000

export interface BusOptions {
  /** One server, or several of a cluster separated by commas; `tls://…` insists on TLS. */
  url: string
  /** Who connects: the name of the service, whose key is taken. */
  name: string
  /** Folder of keys, as `ib-stream credentials` makes it. Absent: it connects without one. */
  credentials?: string | undefined
  /** File of certificates that the server's must come from; with it TLS is insisted on. */
  caFile?: string | undefined
  signal?: AbortSignal
}

/**
 * Connects, waiting for the server as long as it takes; `signal` ends the attempt, not the connection.
 * @throws BusError `IBS_BUS_SERVER_TOO_OLD`, `IBS_BUS_NO_CREDENTIALS`, `IBS_BUS_CREDENTIALS_INVALID`, `IBS_BUS_NOT_AUTHORIZED`; `signal.reason` when aborted before the
 * connection stands
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await connectUntil(options)
  const version = connection.info?.version ?? '0.0.0'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    await connection.close()
    throw new BusError('IBS_BUS_SERVER_TOO_OLD', `nats-server ${version} at ${options.url} ignores what the log needs; run 2.10 or newer`, {
      version,
    })
  }
  if (options.credentials === undefined)
    await assertHeard(connection, options).catch((error: unknown) => {
      void connection.close() // nobody else would: what was stopped meanwhile could not end
      throw error
    })
  keepAll(connection, serversIn(options.url))
  const listeners = new Set<(state: 'connected' | 'disconnected') => void>()
  let state: Bus['state'] = 'connected'
  void watchStatus(connection, (next) => {
    state = next
    if (next !== 'closed') for (const listener of listeners) listener(next)
  })
  const close = () => {
    closing ??= connection.close()
    return closing
  }
  let closing: Promise<void> | undefined
  return {
    connection,
    jetstream: jetstream(connection, { timeout: REQUEST_WITHIN_MS }),
    manager: await jetstreamManager(connection, { checkAPI: false, timeout: REQUEST_WITHIN_MS }),
    get state() {
      return state
    },
    inboxPrefix: inboxPrefix(options.name),
    repliesPrefix: repliesPrefix(options.name),
    moveOn: mover(connection, options.url.includes(',')),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const serversIn = (url: string): string[] => url.split(',').map((one) => one.trim().replace(/^tls:/, 'nats:'))

/**
 * The client forgets each server that it could not reach before its first connection, so one that was started together with its cluster knew only those that were up
 * first; others it learns from the cluster, and forgets again when the server that it is with is cut off: it then had that one alone, for ever.
 */
function keepAll(connection: NatsConnection, servers: string[]): void {
  if (servers.length > 1) connection.setServers(servers)
}

function mover(connection: NatsConnection, several: boolean): () => void {
  let movedMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = performance.now()
    if (!several || connection.isClosed() || nowMs - movedMs < MOVE_ON_EVERY_MS) return
    movedMs = nowMs
    connection.reconnect().catch(() => undefined) // it is between two servers already
  }
}

async function connectUntil(options: BusOptions): Promise<NatsConnection> {
  const { signal } = options
  const client = await clientOptions(options)
  for (;;) {
    signal?.throwIfAborted()
    const attempt = connect(client)
    try {
      return await (signal ? unlessAborted(attempt, signal) : attempt)
    } catch (error) {
      if (error instanceof errors.AuthorizationError) throw notAuthorized(options, error)
      if (signal?.aborted) void attempt.then((late) => late.close()).catch(() => undefined) // nobody waits for it any more
      await pause(RETRY_EVERY_MS, signal) // not there yet; the state is "connecting" until the caller's signal ends it
    }
  }
}

async function clientOptions({ url, name, credentials, caFile }: BusOptions): Promise<NodeConnectionOptions> {
  const seed = credentials === undefined ? undefined : await readCredentials(credentials, name)
  const tls = caFile !== undefined ? { caFile } : url.split(',').some((one) => one.trim().startsWith('tls://')) ? {} : undefined
  return {
    servers: serversIn(url),
    name,
    inboxPrefix: inboxPrefix(name),
    ...(seed ? { authenticator: nkeyAuthenticator(seed) } : {}),
    ...(tls ? { tls } : {}),
    ignoreAuthErrorAbort: true, // a server that is set up anew may know us again in a moment
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_EVERY_MS,
    reconnectJitter: RETRY_EVERY_MS,
    pingInterval: PING_EVERY_MS,
    maxPingOut: 2,
    timeout: REQUEST_WITHIN_MS,
    noAsyncTraces: true,
  }
}

/**
 * A server that knows users may let somebody without a key look on: then no answer would ever come, and nobody would know why. Servers differ in what they tell of
 * themselves, so it is tried.
 */
async function assertHeard(connection: NatsConnection, options: BusOptions): Promise<void> {
  let refused: Error | undefined
  const probe = connection.subscribe(`${inboxPrefix(options.name)}.probe`, {
    callback: (error) => {
      refused = error ?? refused
    },
  })
  const flushed = connection.flush() // a refusal comes before the answer to it
  await (options.signal ? unlessAborted(flushed, options.signal) : flushed)
  await new Promise((resolve) => setImmediate(resolve))
  probe.unsubscribe()
  if (refused !== undefined) throw notAuthorized(options, refused)
}

function notAuthorized({ url, name, credentials }: BusOptions, cause: Error): BusError {
  const what =
    credentials === undefined
      ? `lets nobody without a key do anything; set NATS_CREDENTIALS to the folder that "ib-stream credentials" made`
      : `does not know the key of ${name} in ${credentials}; let it include server/accounts.conf of that folder and restart it`
  return new BusError('IBS_BUS_NOT_AUTHORIZED', `nats-server at ${url} ${what}`, { url, name }, { cause })
}

async function watchStatus(connection: NatsConnection, change: (state: Bus['state']) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') change('disconnected')
    else if (status.type === 'reconnect') change('connected')
  }
  change('closed')
}

/** The outcome of `work`, or `signal.reason` as soon as it is aborted; the work itself then goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

export interface Attempt extends Disposable {
  readonly signal: AbortSignal
}

/** One attempt of many. Its signal also aborts when the connection comes back: what was asked before is not answered any more, and a longer wait is pointless. */
export function beginAttempt(bus: Bus, signal: AbortSignal): Attempt {
  const back = new AbortController()
  const end = bus.onChange((state) => state === 'connected' && back.abort(new Error('the connection is back')))
  return { signal: AbortSignal.any([signal, back.signal]), [Symbol.dispose]: end }
}

/** Waits, or throws `signal.reason` as soon as it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const end = () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    const timer = setTimeout(end, ms)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
