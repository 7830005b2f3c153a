import type { TickType } from '@ib-stream/client'
import type { Asked } from './history.ts'

const US_PER_SECOND = 1_000_000

/** A range of time, µs UTC. */
export interface Window {
  fromUs: number
  /** undefined: now, and what comes. */
  toUs: number | undefined
}

/** What is shown of one contract. */
export interface Shown extends Asked {
  /** What is asked for live. */
  tickTypes: readonly TickType[]
  symbol: string
  decimals: number
}

export const nowUs = (): number => Date.now() * 1_000

export const lastSeconds = (seconds: number): Window => ({ fromUs: nowUs() - seconds * US_PER_SECOND, toUs: undefined })

/** Its end; of one that goes on, now. µs UTC. */
export const endOf = ({ toUs }: Window): number => toUs ?? nowUs()
