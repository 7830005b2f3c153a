import type { TickType } from './tick.ts'

/**
 * How well something is recorded. `off_hours`: its market is closed, so nothing is missing; `unknown`: nothing comes, and IB has not told whether the market is open;
 * `degraded`: it waits, or is silent for longer than it usually is, and is being asked for anew; `unhealthy`: ticks are missing for sure or for long.
 */
export const HEALTH_WORDS = ['healthy', 'degraded', 'unhealthy', 'off_hours', 'unknown'] as const
export type HealthWord = (typeof HEALTH_WORDS)[number]

/** What ingest knows of one stream now. */
export interface StreamHealth {
  cid: number
  tt: TickType
  symbol: string
  /** Recorded by itself, or for as long as somebody asks for it. */
  tracked: boolean
  health: HealthWord
  /** Why it is not healthy, in words. */
  reason?: string
  subscription: 'waiting' | 'no_line' | 'subscribed' | 'refused'
  /** Of the contract's market now. */
  market: 'open' | 'closed' | 'pre_market' | 'after_hours' | 'unknown'
  /** Since the start of ingest. */
  ticks: number
  /** Newest `st`, µs UTC. */
  lastStUs?: number
  /** Without a tick while its market was open, s. */
  silentSeconds?: number
  /** For how long it may be silent before it is asked for anew, s: a multiple of its longest silences of late. */
  allowedSilenceSeconds?: number
  /** Since when ticks may be missing, µs UTC, and why. */
  gap?: { fromUs: number; cause: string; reason: string }
}

/** Our clock against IB's, as ingest sees it. */
export interface ClockHealth {
  /** `unknown`: IB has not told the time yet. */
  state: 'unknown' | 'agrees' | 'differs'
  /** Our time minus IB's, µs; 0 as long as they may be the same. */
  offsetUs: number
  /** It lies between these, µs: IB tells whole seconds only. */
  bounds?: { lowUs: number; highUs: number }
  /** How old the stamps of each stream's ticks are at least when they come, µs of `st` − `ts`. */
  streams: readonly { cid: number; tt: TickType; lagUs: number; isOff: boolean }[]
}

/** What ingest says of the whole recording, as `data` of `$SRV.STATS.ingest`. */
export interface RecordingHealth {
  health: HealthWord
  /** State of the connection to the gateway. */
  gateway: string
  /** Tick-by-tick lines: what the account has, and what is taken. */
  lines: { allowed: number; granted: number; waiting: number }
  streams: readonly StreamHealth[]
  /** Names that mean no contract, and contracts that are about to end. */
  troubles: readonly { name: string; text: string }[]
  clock: ClockHealth
  /** Frames since ingest's start that were no valid ticks. */
  invalidFrames?: number
  /** How ticks come into the log: the publisher's state, and how often since ingest's start it met messages of somebody else there. */
  publisher?: { state: string; foreignMet: number }
}

/** One word for all: healthy only if everything is that can be. */
export function overallHealth(words: readonly HealthWord[]): HealthWord {
  const inHours = words.filter((word) => word !== 'off_hours')
  if (inHours.length === 0) return words.length > 0 ? 'off_hours' : 'unknown'
  if (inHours.every((word) => word === 'unhealthy')) return 'unhealthy'
  if (inHours.some((word) => word === 'unhealthy' || word === 'degraded')) return 'degraded'
  return inHours.includes('healthy') ? 'healthy' : 'unknown'
}
