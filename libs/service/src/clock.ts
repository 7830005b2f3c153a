import { US_PER_MS, usFromMs } from '@ib-stream/model'

/** `Date.now()` is cut to whole ms, so it stands on average half a ms behind. */
const HALF_MS_US = US_PER_MS / 2
/** Below this a difference is only the rounding of `Date.now()`. */
const NOISE_US = 2 * US_PER_MS
/** From here on the system's clock was set, not slewed. */
const STEP_US = 100 * US_PER_MS
const ANCHOR_EVERY_MS = 1_000

export interface Clock {
  /** µs UTC, strictly increasing: a second call in the same µs gets the next one. */
  stampUs(): number
  /** Goes on from here: the next stamp is above `us` (a recording's last, after a restart). */
  startAbove(us: number): void
  close(): void
}

interface Ports {
  wallMs(): number
  monotonicMs(): number
}

const SYSTEM: Ports = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

/**
 * Our clock for `st`: monotonic between two anchors, set to the system's clock every second, never backwards.
 * @param onStep told when the system's clock was set by 100 ms or more; µs, positive when it went forward
 */
export function openClock(onStep: (byUs: number) => void, ports: Ports = SYSTEM): Clock {
  let anchorWallUs = usFromMs(ports.wallMs())
  let anchorMonotonicMs = ports.monotonicMs()
  let lastUs = 0
  const readUs = () => anchorWallUs + Math.round((ports.monotonicMs() - anchorMonotonicMs) * US_PER_MS)
  const anchor = () => {
    const expectedUs = readUs()
    const wallUs = usFromMs(ports.wallMs()) + HALF_MS_US
    const byUs = wallUs - expectedUs
    if (Math.abs(byUs) < NOISE_US) return
    anchorWallUs = wallUs
    anchorMonotonicMs = ports.monotonicMs()
    if (Math.abs(byUs) >= STEP_US) onStep(byUs)
  }
  const timer = setInterval(anchor, ANCHOR_EVERY_MS)
  timer.unref()
  return {
    stampUs: () => {
      lastUs = Math.max(readUs(), lastUs + 1)
      return lastUs
    },
    startAbove: (us) => {
      lastUs = Math.max(lastUs, us)
    },
    close: () => clearInterval(timer),
  }
}
