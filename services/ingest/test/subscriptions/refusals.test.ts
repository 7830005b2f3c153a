import { describe, expect, it } from '@jest/globals'
import { refusalOf } from '../../src/subscriptions/refusals.ts'

describe('refusalOf', () => {
  it.each([
    [200, 'No security definition has been found for the request', 'no_contract'],
    [10_190, 'Max number of tick-by-tick requests has been reached.', 'no_line'],
    [10_197, 'No market data during competing live session', 'competing_session'],
    [10_189, 'Failed to request tick-by-tick data.No market data permissions for ISLAND STK.', 'no_permission'],
    [10_189, 'Failed to request tick-by-tick data.BidAsk tick-by-tick requests are not supported for XAUUSD.', 'unsupported'],
    [10_189, 'Failed to request tick-by-tick data.Trading TWS session is connected from a different IP address', 'competing_session'],
    [10_089, 'Requested market data requires additional subscription for API.', 'no_permission'],
    [102, 'Duplicate ticker id', 'duplicate'],
    [0, 'no contract details within 15000 ms', 'other'],
  ])('reads %i "%s" as %s, with advice and a time to ask again', (code, message, kind) => {
    const refusal = refusalOf(code, message)
    expect(refusal.kind).toBe(kind)
    expect(refusal.advice).not.toBe('')
    expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(60_000)
  })
})
