import type { MarketStatus } from '@ib-stream/calendar'
import { type HealthWord, US_PER_MS } from '@ib-stream/model'
import type { OpenGap } from '../gaps/gap-tracker.ts'
import type { SubscriptionState } from '../subscriptions/subscriber.ts'

/** A stream that had a tick this lately is recorded, whatever else is said of it. */
const HEARD_MS = 60_000
/** A hole of this length is no short interruption any more. */
const LONG_GAP_MS = 60_000

export interface Findings {
  stream: { state: SubscriptionState; reason?: string }
  /** The gateway takes requests and has its link to IB. */
  isWhole: boolean
  market: MarketStatus
  /** Since when it is silent while its market trades, ms; undefined while that is closed or unknown. */
  silentMs: number | undefined
  allowedMs: number | undefined
  /** Since its last tick, ms; undefined before the first. */
  heardMs: number | undefined
  /** Remedies tried since its last tick. */
  step: number
  gap: OpenGap | undefined
  nowUs: number
}

/** One word for a stream, and why. */
export function healthOf(findings: Findings): { health: HealthWord; reason?: string } {
  const { stream, isWhole, market, silentMs, allowedMs, heardMs, step, gap, nowUs } = findings
  if (stream.state === 'refused' || stream.state === 'no_line') return because('unhealthy', stream.reason ?? 'IB does not take the request')
  if (isWhole && gap === undefined && heardMs !== undefined && heardMs <= HEARD_MS) return { health: 'healthy' }
  if (market === 'closed') return because('off_hours', 'its market is closed')
  const gapMs = gap ? (nowUs - gap.fromUs) / US_PER_MS : 0
  if (gap && gapMs > LONG_GAP_MS) return because('unhealthy', gap.reason)
  if (!isWhole || gap) return because('degraded', gap?.reason ?? 'the gateway is away')
  if (stream.state === 'waiting') return because('degraded', stream.reason ?? 'it is being asked for')
  if (silentMs === undefined || allowedMs === undefined)
    return because('unknown', 'nothing comes, and IB has not told whether its market is open')
  if (step >= 2) return because('unhealthy', 'it is silent although it was asked for anew')
  if (silentMs > allowedMs) return because('degraded', 'it is silent for longer than it usually is')
  return { health: 'healthy' }
}

const because = (health: HealthWord, reason: string) => ({ health, reason })
