/** What a gateway's refusal of a request means for the stream. */
export interface Refusal {
  kind: 'no_contract' | 'no_permission' | 'no_line' | 'competing_session' | 'unsupported' | 'duplicate' | 'other'
  /** When to ask again, ms. */
  retryAfterMs: number
  /** For the person who reads the log. */
  advice: string
}

const MINUTE_MS = 60_000
const COMPETING: Refusal = {
  kind: 'competing_session',
  retryAfterMs: MINUTE_MS,
  advice: 'another session of this login has the market data: log it off, or give the recorder a user of its own',
}
const NO_PERMISSION: Refusal = {
  kind: 'no_permission',
  retryAfterMs: 15 * MINUTE_MS,
  advice:
    'subscribe to the live market data of this exchange for this user (Client Portal, Settings, Market Data); delayed data has no ticks',
}

const BY_CODE: Readonly<Record<number, Refusal>> = {
  102: {
    kind: 'duplicate',
    retryAfterMs: MINUTE_MS,
    advice: 'the gateway still has the earlier request; it is cancelled and asked for again',
  },
  200: {
    kind: 'no_contract',
    retryAfterMs: 60 * MINUTE_MS,
    advice: 'IB knows no such contract: check the id (it may have expired) with `contracts lookup`',
  },
  354: NO_PERMISSION,
  10089: NO_PERMISSION,
  10168: NO_PERMISSION,
  10186: NO_PERMISSION,
  10189: NO_PERMISSION,
  10190: {
    kind: 'no_line',
    retryAfterMs: MINUTE_MS,
    advice: 'the gateway has no tick-by-tick line left; another client may hold some: lower IB_STREAM_LINES, or buy quote booster packs',
  },
  10197: COMPETING,
}

const OTHER: Refusal = { kind: 'other', retryAfterMs: MINUTE_MS, advice: 'it is asked for again' }
const UNSUPPORTED: Refusal = {
  kind: 'unsupported',
  retryAfterMs: 24 * 60 * MINUTE_MS,
  advice: 'IB has no such ticks for this contract: take this tick type out of the list',
}

/** IB's answer to a cancel of what it does not have (any more): it says nothing of the stream. */
export const NOTHING_TO_CANCEL = 300

/** Reads an error of a tick-by-tick request. Some codes stand for several things, which only the text tells apart. */
export function refusalOf(code: number, message: string): Refusal {
  if (/different IP address|competing/i.test(message)) return COMPETING
  if (/not supported/i.test(message)) return UNSUPPORTED
  return BY_CODE[code] ?? OTHER
}
