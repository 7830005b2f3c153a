import { expect, it } from '@jest/globals'
import { historyVerdict } from '../../src/backfill/history-refusal.ts'

const SERVICE = 'Historical Market Data Service error message:'

it.each([
  [162, `${SERVICE}Historical data request pacing violation`, 'too_fast'],
  [100, 'Max rate of messages per second has been exceeded', 'too_fast'],
  [162, `${SERVICE}HMDS query returned no data: EUR.USD@IDEALPRO TRADES`, 'no_data'],
  [162, `${SERVICE}Trading TWS session is connected from a different IP address`, 'competing'],
  [162, `${SERVICE}API historical data query cancelled: 7`, 'later'],
  [10187, 'Failed to request historical ticks:No market data permissions for ISLAND STK', 'never'],
  [10187, 'Failed to request historical ticks:Trading TWS session is connected from a different IP address', 'competing'],
  [200, 'No security definition has been found for the request', 'never'],
  [322, 'Error processing request', 'later'],
  [undefined, 'the session has ended', 'later'],
])('%s "%s" means %s', (code, message, verdict) => {
  expect(historyVerdict(code, message)).toBe(verdict)
})
