import type { Msg } from '@nats-io/nats-core'

/** What the log said to one message. `full`: it is at its limit and takes nothing more now. `unheard`: the server knows nobody who keeps the log. */
export type Ack = { kind: 'stored'; seq: number } | { kind: 'refused'; reason: string; full: boolean; unheard: boolean }

const NO_RESPONDERS = 503

/** Server's codes for a log at its limit: maximum bytes, maximum messages, out of storage. */
const FULL_CODES = new Set([10_077, 10_047, 10_023])

// What nearly every acknowledgement looks like; parsing its JSON takes ten times as long.
const STORED = /^\{"stream":"TICKS", ?(?:"domain":"[^"]*", ?)?"seq":(\d+)\}$/

export function readAck(message: Msg): Ack {
  const { code, description } = message.headers ?? { code: 0, description: '' }
  if (code)
    return { kind: 'refused', reason: `log answered ${code} ${description}`.trimEnd(), full: false, unheard: code === NO_RESPONDERS }
  const text = message.string()
  const seq = STORED.exec(text)?.[1]
  if (seq !== undefined) return { kind: 'stored', seq: Number(seq) }
  const { error, seq: parsed = 0 } = JSON.parse(text) as { error?: { description: string; err_code: number }; seq?: number }
  return error
    ? { kind: 'refused', reason: `log refused: ${error.description}`, full: FULL_CODES.has(error.err_code), unheard: false }
    : { kind: 'stored', seq: parsed }
}
