import { IbsError } from '@ib-stream/model'

/** A request that was not answered with data: refused by the server (its code and words), or nobody there. */
export class ApiError extends IbsError {
  override readonly name = 'ApiError'
  /** HTTP status; 0 where there was no answer. */
  readonly status: number

  constructor(code: string, message: string, status: number, options: { cause?: unknown } = {}) {
    super(code, message, { status }, options)
    this.status = status
  }
}

const DEFAULT_PORT = '8851'

/** Where the query-api of this installation is. */
export function defaultUrl(env: Record<string, string | undefined>): string {
  if (env.API_URL) return env.API_URL
  const port = env.PORT === undefined || env.PORT === '' ? DEFAULT_PORT : env.PORT
  return `http://127.0.0.1:${port}`
}

export interface ApiRequest {
  /** Address of query-api. */
  base: string
  path: string
  /** Parameters that are undefined are left out. */
  query: Record<string, string | undefined>
  headers?: Record<string, string>
  signal: AbortSignal
}

/**
 * GETs an answer whose body is still to be read.
 * @throws ApiError with the server's code, or `IBS_CLI_SERVER_AWAY`, `IBS_CLI_ANSWER_UNREADABLE`; `signal.reason`
 */
export async function get({
  base,
  path,
  query,
  headers = {},
  signal,
}: ApiRequest): Promise<Response & { body: ReadableStream<Uint8Array> }> {
  const url = urlOf(base, path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  let response: Response
  try {
    response = await fetch(url, { headers, signal })
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw new ApiError(
      'IBS_CLI_SERVER_AWAY',
      `nothing answers at ${url.origin}; start ib-stream with "npm start", or name its address with --url`,
      0,
      { cause },
    )
  }
  if (response.ok && response.body) return response as Response & { body: ReadableStream<Uint8Array> }
  throw await problemOf(response, url)
}

function urlOf(base: string, path: string): URL {
  const url = URL.parse(path, base)
  if (url) return url
  throw new ApiError('IBS_CLI_SERVER_AWAY', `"${base}" is no address; give --url like http://127.0.0.1:${DEFAULT_PORT}`, 0)
}

async function problemOf(response: Response, url: URL): Promise<ApiError> {
  const { status } = response
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  const problem: unknown = isProblem ? await response.json() : undefined
  const { code, detail } = (problem ?? {}) as { code?: unknown; detail?: unknown }
  if (typeof code === 'string' && typeof detail === 'string') return new ApiError(code, detail, status)
  return new ApiError(
    'IBS_CLI_ANSWER_UNREADABLE',
    `${url.origin} answered ${status} and is no ib-stream; name the right address with --url`,
    status,
  )
}
