import { type TimeZone, timeZone } from '@ib-stream/calendar'
import type { Client } from '@ib-stream/client'
import { zoneOf } from './time-range.ts'

/**
 * The zone that times are shown in: `--tz`, where `exchange` is that of the contract, else UTC.
 * @throws CliError `IBS_CLI_OPTION_INVALID`, ClientError; `signal.reason`
 */
export async function shownZone(client: Client, contract: string, tz: string | undefined, signal: AbortSignal): Promise<TimeZone> {
  if (tz?.toLowerCase() !== 'exchange') return zoneOf(tz)
  const { time_zone } = await client.get('/v3/contracts/{cid}/trading-hours', { path: { cid: contract }, signal })
  return timeZone(time_zone)
}
