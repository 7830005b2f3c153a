import { ClientError } from './errors.ts'

export interface ReadOptions {
  /** Called whenever something arrived. */
  onBytes?: () => void
  signal?: AbortSignal | undefined
}

/**
 * Lines of a body, without their ends, those of a chunk together; what follows the last end is given as a line too, unless it is empty.
 * @throws ClientError `IBS_CLIENT_SERVER_AWAY` where the connection broke; `signal.reason`
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  { onBytes = () => undefined, signal }: ReadOptions = {},
): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  const read = () =>
    reader.read().catch((cause: unknown) => {
      if (signal?.aborted) throw signal.reason
      throw new ClientError(
        'IBS_CLIENT_SERVER_AWAY',
        'the connection broke off in the middle of an answer; ask again',
        { status: 0 },
        { cause },
      )
    })
  let rest = ''
  try {
    for (let next = await read(); !next.done; next = await read()) {
      onBytes()
      const lines = (rest + decoder.decode(next.value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
    if (rest !== '') yield [rest]
  } finally {
    await reader.cancel().catch(() => undefined) // it is over, or broke already
  }
}
