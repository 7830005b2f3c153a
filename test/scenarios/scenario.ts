import type { GatewaySimOptions } from '@ib-stream/gateway-sim'
import type { GapCause } from '@ib-stream/model'
import type { World } from './world.ts'

/** One thing that happens to a recording, and what must be left of it. */
export interface Scenario {
  /** Of the test: what happens. */
  name: string
  /** Makes it happen; returns when the recording should be whole again. */
  play(world: World): Promise<void>
  /** Causes of the gaps that are declared, each at least once; ticks may be missing in gaps of these causes only. Empty: no gap, no tick missing. */
  causes: readonly GapCause[]
  /** Causes that a gap may have besides, because it depends on the moment which word is the first. */
  mayCause?: readonly GapCause[]
  /** More to expect of the events and files. */
  expect?(found: Evidence): void
  /** Prices or stamps are not the market's: only what was sent counts. */
  marketDiffers?: true
  /** What is sent of these streams (`<cid>_<tick type>`) need not be recorded: nobody asks for it any more. */
  unwanted?: readonly string[]
  /** `IB_STREAM_TRACKED_CONTRACTS`. @default quotes and trades of MNQ and IBM */
  tracked?: string
  env?: Record<string, string>
  sim?: GatewaySimOptions
  /** @default a Tuesday morning in New York, twenty seconds in one */
  clock?: { start: string; rate: number }
}

export interface RecorderEventLine extends Record<string, unknown> {
  kind: string
  st: number
}

/** Of a recorded tick what scenarios look at. */
export interface RecordedTick {
  ts: number
  st: number
  bf?: boolean
  bpl?: boolean
  aph?: boolean
}

/** What a scenario left behind. */
export interface Evidence {
  /** Recorder events of the files, in their order. */
  events: readonly RecorderEventLine[]
  /** Log lines of ingest. */
  log: readonly { level: string; facts: unknown; text: string }[]
  /** Recorded ticks by stream, `<cid>_<tick type>`. */
  recorded: ReadonlyMap<string, readonly RecordedTick[]>
}

export const MNQ = 711280073
export const IBM = 8314
export const TRACKED = `${MNQ}:MNQ:bid_ask;last,${IBM}:IBM:bid_ask;last`
export const MORNING = { start: '2026-11-24T15:00:00Z', rate: 20 }

export const scenario = (given: Scenario): Scenario => given
