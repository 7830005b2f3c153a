/** The two times that the simulator needs. Both run at the clock's rate, so a day can pass in minutes. */
export interface Clock {
  /** Wall time, µs since 1970-01-01 UTC. May step. */
  wallUs(): number
  /** Time that never goes back, µs since an arbitrary start. */
  steadyUs(): number
  /** How many seconds pass on this clock in one second of the machine. */
  readonly rate: number
}

export const US_PER_SECOND = 1_000_000
export const US_PER_MS = 1000
const MS_PER_SECOND = 1000
/** setTimeout fires at once above 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's clocks. */
export const systemClock: Clock = {
  wallUs: () => Date.now() * US_PER_MS,
  steadyUs: () => performance.now() * US_PER_MS,
  rate: 1,
}

/** A time of the clock, and the moment of the machine at which it was that time; both µs since 1970-01-01 UTC. */
export interface ClockStart {
  readonly startUs: number
  readonly originUs: number
}

/**
 * Reads where a clock begins: an ISO 8601 time with its zone, and after `@` the moment of the machine, ms since 1970-01-01 UTC, at which it was that time.
 * Programs that are given the same text agree on the time, whenever each was started; without `@` the moment is now.
 * @returns undefined where it is no such time
 */
export function parseClockStart(text: string, nowUs: number): ClockStart | undefined {
  const at = text.lastIndexOf('@')
  const [time, origin] = at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
  if (!/(?:Z|[+-]\d\d:\d\d)$/.test(time) || (origin !== undefined && !/^\d+$/.test(origin))) return undefined
  const startUs = usOfDate(new Date(time))
  return Number.isNaN(startUs) ? undefined : { startUs, originUs: origin === undefined ? nowUs : Number(origin) * US_PER_MS }
}

/** The machine's clock, or one that began elsewhere and runs `rate` times as fast; it then follows the machine's steady clock and does not step. */
export function openClock(start: ClockStart | undefined, rate: number, machine: Clock = systemClock): Clock {
  if (start === undefined) return machine
  const sinceOriginUs = machine.wallUs() - start.originUs
  const openedUs = machine.steadyUs()
  const steadyUs = () => (sinceOriginUs + machine.steadyUs() - openedUs) * rate
  return { wallUs: () => start.startUs + steadyUs(), steadyUs, rate }
}

/** The machine's ms in which so many µs pass on the clock, for its timers; at least 0, at most what setTimeout takes. */
export function timerMs(clock: Clock, us: number): number {
  return Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(us / US_PER_MS / clock.rate)))
}

/** Calls back once when so many seconds have passed on the clock. Keeps no process alive. @returns what cancels it */
export function afterSeconds(clock: Clock, seconds: number, work: () => void): () => void {
  const dueUs = clock.steadyUs() + secondsToUs(seconds)
  let timer: NodeJS.Timeout
  // One timer of the machine reaches 24.8 days.
  const arm = () => {
    timer = setTimeout(() => (clock.steadyUs() >= dueUs ? work() : arm()), timerMs(clock, dueUs - clock.steadyUs())).unref()
  }
  arm()
  return () => clearTimeout(timer)
}

/** Whole seconds since 1970 of a µs stamp, rounded down: the only resolution that IB's stamps have. */
export function wholeSeconds(us: number): number {
  return Math.floor(us / US_PER_SECOND)
}

/** A µs stamp cut to its second. */
export function floorToSecondUs(us: number): number {
  return wholeSeconds(us) * US_PER_SECOND
}

/** The Date of a µs stamp. */
export function dateOfUs(us: number): Date {
  return new Date(us / US_PER_MS)
}

/** The µs stamp of a Date. */
export function usOfDate(date: Date): number {
  return date.getTime() * US_PER_MS
}

/** Seconds as µs, for gaps that a model draws in seconds. */
export function secondsToUs(seconds: number): number {
  return seconds * US_PER_SECOND
}

/** Seconds as ms, for timers of the machine. */
export function secondsToMs(seconds: number): number {
  return seconds * MS_PER_SECOND
}
