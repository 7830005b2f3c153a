import { Client } from '@ib-stream/client'
import { type Finding, fail, ok, skipped } from './finding.ts'

interface Stream {
  symbol: string
  tick_type: string
  subscription: string
  reason: string | null
  gap: { cause: string; reason: string } | null
}

const PERMISSIONS = "subscribe to its market data in IB's Client Portal, and share it with this user; then restart IB Gateway"
const OTHER_LOGIN = 'log the same user out elsewhere (TWS, mobile, Client Portal), or use a second user for the gateway'

/** What IB gives and refuses, as the ingest that runs has heard it: nothing is asked of IB for it. */
export async function checkRecording(
  apiUrl: string,
  { apiKey, signal }: { apiKey: string | undefined; signal: AbortSignal },
): Promise<Finding[]> {
  const client = new Client({ url: apiUrl, apiKey })
  let streams: Stream[]
  try {
    streams = ((await (await client.request({ template: '/health/streams', signal })).json()) as { streams: Stream[] }).streams
  } catch (error) {
    return [skipped('market data', Error.isError(error) ? error.message : String(error))]
  }
  const competing = streams.filter(({ gap }) => gap?.cause === 'competing_session').map(nameOf)
  const refused = streams.filter(({ subscription, gap }) => subscription === 'refused' && gap?.cause !== 'competing_session')
  return [
    ...(competing.length > 0 ? [fail('another login', `takes the data of ${competing.join(', ')}`, OTHER_LOGIN)] : []),
    ...refused.map((stream) => fail('market data', `${nameOf(stream)}: ${stream.gap?.reason ?? stream.reason ?? 'refused'}`, PERMISSIONS)),
    ...(competing.length + refused.length === 0 ? [ok('market data', `IB refuses none of ${streams.length} streams`)] : []),
  ]
}

const nameOf = ({ symbol, tick_type }: Stream): string => `${symbol} ${tick_type}`
