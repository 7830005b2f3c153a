import type { Msg } from '@nats-io/nats-core'

/**
 * What the log said to one message. `full`: it is at its limit and takes nothing more now. `unheard`: the server knows nobody who keeps the log. `end`: where the server
 * takes the log to end, for which this was not the next.
 */
export type Ack = { kind: 'stored'; seq: number } | { kind: 'refused'; reason: string; full: boolean; unheard: boolean; end?: number }

const NO_RESPONDERS = 503

/** Server's codes for a log at its limit: maximum bytes, maximum messages, out of storage. */
const FULL_CODES = new Set([10_077, 10_047, 10_023])

// What nearly every acknowledgement looks like; parsing its JSON takes ten times as long.
const STORED = /^\{"stream":"TICKS", ?(?:"domain":"[^"]*", ?)?"seq":(\d+)\}$/
const OUT_OF_TURN = /^wrong last sequence: (\d+)$/

export function readAck(message: Msg): Ack {
  const { code, description } = message.headers ?? { code: 0, description: '' }
  if (code)
    return { kind: 'refused', reason: `log answered ${code} ${description}`.trimEnd(), full: false, unheard: code === NO_RESPONDERS }
  const text = message.string()
  const seq = STORED.exec(text)?.[1]
  if (seq !== undefined) return { kind: 'stored', seq: Number(seq) }
  const { error, seq: parsed = 0 } = JSON.parse(text) as { error?: { description: string; err_code: number }; seq?: number }
  return error ? refusal(error) : { kind: 'stored', seq: parsed }
}

function refusal({ description, err_code }: { description: string; err_code: number }): Ack {
  const end = OUT_OF_TURN.exec(description)?.[1]
  const refused = { kind: 'refused', reason: `log refused: ${description}`, full: FULL_CODES.has(err_code), unheard: false } as const
  return end === undefined ? refused : { ...refused, end: Number(end) }
}
