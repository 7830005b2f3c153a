import { ClientError } from './errors.ts'

/** How requests reach the server. */
export interface Transport {
  /** Address of query-api, without a path. */
  url: string
  /** Sent as a header, never in an address. */
  apiKey: string | undefined
  fetch: typeof fetch
}

/** A value of a query: lists are separated by commas, what is undefined is left out. */
export type QueryValue = string | number | boolean | readonly (string | number)[] | undefined

export interface Request {
  /** With `{name}` where `path` has the values. */
  template: string
  path?: Readonly<Record<string, string | number>>
  query?: Readonly<Record<string, QueryValue>>
  headers?: Readonly<Record<string, string>>
  /** @default 'GET' */
  method?: string
  /** Sent as JSON. */
  body?: unknown
  signal?: AbortSignal | undefined
}

/**
 * Sends a request and gives its answer, whose body is still to be read.
 * @throws ClientError with the server's code, or `IBS_CLIENT_SERVER_AWAY`, `IBS_CLIENT_ANSWER_UNREADABLE`; `signal.reason`
 */
export async function send({ url: base, apiKey, fetch }: Transport, request: Request): Promise<Response> {
  const { headers = {}, method = 'GET', body, signal = null } = request
  const url = urlOf(base, request)
  let response: Response
  try {
    response = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    })
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw serverAway(url, cause)
  }
  if (response.ok || tellsItsState(response)) return response
  throw await problemOf(response, url)
}

/** `/health` and its like: 503 with the same body says that something is not well. */
const tellsItsState = ({ status, headers }: Response): boolean =>
  status === 503 && (headers.get('content-type')?.startsWith('application/json') ?? false)

/** The error of a connection that is not there, or broke. */
export function serverAway(url: URL, cause: unknown): ClientError {
  return new ClientError(
    'IBS_CLIENT_SERVER_AWAY',
    `nothing answers at ${url.origin}, or it broke off; is ib-stream running there?`,
    { status: 0 },
    { cause },
  )
}

export function urlOf(base: string, { template, path = {}, query = {} }: Pick<Request, 'template' | 'path' | 'query'>): URL {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name] ?? '')))
  const url = new URL(filled, base)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

async function problemOf(response: Response, url: URL): Promise<ClientError> {
  const { status, headers } = response
  const problem = headers.get('content-type')?.startsWith('application/problem+json')
    ? await response.json().catch(() => undefined)
    : undefined
  const { code, detail, field, value, allowed } = (problem ?? {}) as Record<string, unknown>
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN)
  const facts = { status, field, value, allowed, ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}) }
  if (typeof code === 'string' && typeof detail === 'string') return new ClientError(code, detail, facts)
  return new ClientError(
    'IBS_CLIENT_ANSWER_UNREADABLE',
    `${url.origin} answered ${status} without a problem document; is it ib-stream?`,
    facts,
  )
}
