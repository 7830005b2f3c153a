import { US_PER_MS, usFromMs } from '@ib-stream/model'

/** `Date.now()` is cut to whole ms, so it stands on average half a ms behind. */
const HALF_MS_US = US_PER_MS / 2
/** Below this a difference is only the rounding of `Date.now()`. */
const NOISE_US = 2 * US_PER_MS
/** From here on the system's clock was set, not slewed. */
const STEP_US = 100 * US_PER_MS
const ANCHOR_EVERY_MS = 1_000

/** A call that is yet to come. */
export interface Timer {
  cancel(): void
}

/** The time by which a process works: its stamps and every timer. All of it can be virtual (see {@link VirtualTime}), so that a day passes in minutes. */
export interface Clock {
  /** µs UTC, strictly increasing: a second call in the same µs gets the next one. */
  stampUs(): number
  /** µs UTC now; may repeat, never goes back: where the system's clock was set back it stands until that has caught up. For reading the time, not for stamping a tick. */
  nowUs(): number
  /** µs of this clock since some moment; goes on evenly whatever is done to the system's clock. For how long something takes, and for nothing else. */
  steadyUs(): number
  /** Goes on from here: the next stamp is above `us` (a recording's last, after a restart). */
  startAbove(us: number): void
  /** Calls `work` once, `ms` of this clock from now. */
  after(ms: number, work: () => void): Timer
  /** Calls `work` every `ms` of this clock. */
  every(ms: number, work: () => void): Timer
  /**
   * Resolves after `ms` of this clock.
   * @throws the signal's reason, at once, when it aborts before
   */
  pause(ms: number, signal?: AbortSignal): Promise<void>
  close(): void
}

/** A clock that runs from a chosen moment at a chosen rate. Processes that are given the same one agree at every moment, whenever they start. */
export interface VirtualTime {
  /** Virtual time, ms UTC, at the real moment `originMs`. */
  startMs: number
  /** Real time, ms UTC. */
  originMs: number
  /** Virtual seconds in a real one. */
  rate: number
}

interface Ports {
  wallMs(): number
  monotonicMs(): number
}

const SYSTEM: Ports = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

export interface ClockOptions {
  /** Told when the system's clock was set by 100 ms or more; µs, positive when it went forward. */
  onStep?: (byUs: number) => void
  /** Absent: the system's time. */
  virtual?: VirtualTime | undefined
  ports?: Ports
}

/** Our clock for `st`: monotonic between two anchors, set to the system's clock every second, never backwards. */
export function openClock({ onStep = () => undefined, virtual, ports = SYSTEM }: ClockOptions = {}): Clock {
  return virtual ? new RunningClock(readVirtual(virtual, ports), virtual.rate) : new RunningClock(followSystem(ports, onStep), 1)
}

/** Where a clock reads the time. */
interface Reading {
  us(): number
  steadyUs(): number
  close(): void
}

/** Virtual time comes from one steady counter: there is no second clock that it could drift from. */
function readVirtual({ startMs, originMs, rate }: VirtualTime, ports: Ports): Reading {
  const openedMs = ports.wallMs() - originMs
  const openedMonotonicMs = ports.monotonicMs()
  const sinceOriginMs = () => openedMs + ports.monotonicMs() - openedMonotonicMs
  const us = () => usFromMs(startMs + sinceOriginMs() * rate)
  return { us, steadyUs: us, close: () => undefined }
}

/** The system's clock may be slewed or set; between two looks at it time goes with the monotonic clock. */
function followSystem(ports: Ports, onStep: (byUs: number) => void): Reading {
  let anchorWallUs = usFromMs(ports.wallMs())
  let anchorMonotonicMs = ports.monotonicMs()
  const us = () => anchorWallUs + usFromMs(ports.monotonicMs() - anchorMonotonicMs)
  const anchor = () => {
    const wallUs = usFromMs(ports.wallMs()) + HALF_MS_US
    const byUs = wallUs - us()
    if (Math.abs(byUs) < NOISE_US) return
    anchorWallUs = wallUs
    anchorMonotonicMs = ports.monotonicMs()
    if (Math.abs(byUs) >= STEP_US) onStep(byUs)
  }
  const timer = setInterval(anchor, ANCHOR_EVERY_MS)
  timer.unref()
  return { us, steadyUs: () => usFromMs(ports.monotonicMs()), close: () => clearInterval(timer) }
}

class RunningClock implements Clock {
  readonly #reading: Reading
  readonly #rate: number
  #lastUs = 0

  constructor(reading: Reading, rate: number) {
    this.#reading = reading
    this.#rate = rate
  }

  stampUs(): number {
    this.#lastUs = Math.max(this.#reading.us(), this.#lastUs + 1)
    return this.#lastUs
  }

  nowUs(): number {
    return Math.max(this.#reading.us(), this.#lastUs)
  }

  steadyUs(): number {
    return this.#reading.steadyUs()
  }

  startAbove(us: number): void {
    this.#lastUs = Math.max(this.#lastUs, us)
  }

  after(ms: number, work: () => void): Timer {
    const timer = setTimeout(work, ms / this.#rate)
    return { cancel: () => clearTimeout(timer) }
  }

  every(ms: number, work: () => void): Timer {
    const timer = setInterval(work, ms / this.#rate)
    return { cancel: () => clearInterval(timer) }
  }

  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        timer.cancel()
        reject(signal?.reason)
      }
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  close(): void {
    this.#reading.close()
  }
}

const CLOCK_START = /^(.+?(?:Z|[+-]\d\d:\d\d))(?:@(\d+))?$/

/**
 * Reads `CLOCK_START`: an ISO time with its zone, and after `@` the real moment (ms since 1970 UTC) at which it was that time; without it that is now.
 * @returns undefined where it is no such time
 */
export function parseClockStart(text: string, nowMs: number): Pick<VirtualTime, 'startMs' | 'originMs'> | undefined {
  const [, iso = '', origin] = CLOCK_START.exec(text) ?? []
  const startMs = Date.parse(iso)
  return Number.isNaN(startMs) ? undefined : { startMs, originMs: origin === undefined ? nowMs : Number(origin) }
}
