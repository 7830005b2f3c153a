/** Ticks of a market are denser in its regular hours than around them. */
export type Phase = 'open' | 'extended'

/** Longest silences are taken by windows of this length, and the last twelve windows count: an hour of the phase. */
const WINDOW_MS = 300_000
const WINDOWS = 12
/** A silence this many times as long as the longest of late is none of its own. */
const FACTOR = 3
const LEAST_MS = 60_000
/** Of a stream of which nothing is known yet. */
const FIRST_MS: Record<Phase, number> = { open: 300_000, extended: 1_800_000 }

/** What is kept of a stream's pace: the longest silence of each of the last windows, ms, by phase. */
export type KeptPace = Partial<Record<Phase, readonly number[]>>

interface Windows {
  longestMs: number[]
  /** Of the window that is not over yet. */
  currentMs: number
  startedMs: number
}

/** How long a stream is usually silent, from how long it was of late, and how long it may be before something is wrong. */
export class UsualPace {
  readonly #windows: Record<Phase, Windows>

  constructor(kept: KeptPace = {}) {
    const windows = (longest: readonly number[] = []): Windows => ({ longestMs: [...longest], currentMs: 0, startedMs: Number.NaN })
    this.#windows = { open: windows(kept.open), extended: windows(kept.extended) }
  }

  /**
   * A tick came, so long after the one before it; both within the phase, and nothing was missed in between.
   * @param nowMs of the clock by which windows end
   */
  heard(phase: Phase, silenceMs: number, nowMs: number): void {
    const windows = this.#windows[phase]
    if (silenceMs > windows.currentMs) windows.currentMs = silenceMs
    if (nowMs - windows.startedMs < WINDOW_MS) return
    if (!Number.isNaN(windows.startedMs)) {
      windows.longestMs.push(windows.currentMs)
      if (windows.longestMs.length > WINDOWS) windows.longestMs.shift()
      windows.currentMs = 0
    }
    windows.startedMs = nowMs
  }

  /** How long the stream may be silent, ms: at least a minute. */
  allowedMs(phase: Phase): number {
    const { longestMs, currentMs } = this.#windows[phase]
    if (longestMs.length === 0) return Math.max(FIRST_MS[phase], FACTOR * currentMs)
    return Math.max(LEAST_MS, FACTOR * Math.max(currentMs, ...longestMs))
  }

  get kept(): KeptPace {
    return { open: this.#windows.open.longestMs, extended: this.#windows.extended.longestMs }
  }
}

/** Reads what was kept; undefined for what is no such thing. */
export function keptPace(value: unknown): KeptPace | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const numbers = (list: unknown) => (Array.isArray(list) && list.every((one) => typeof one === 'number') ? (list as number[]) : [])
  const { open, extended } = value as Record<string, unknown>
  return { open: numbers(open), extended: numbers(extended) }
}
