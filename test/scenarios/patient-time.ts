/** A stall counts as so long at most, ms. */
export const LONGEST_STALL_MS = 3
const BEAT_MS = 2
/** Timers of the machine are whole ms. */
const NEARLY_MS = 0.5

/** The part of a machine's timer that counts. */
export interface MachineTimer {
  unref(): void
  close(): void
}

export interface Machine {
  nowMs(): number
  after(ms: number, work: () => void): MachineTimer
}

/**
 * Time that stands still while this process does not run: a turn of the event loop counts as three ms at most, however long a loaded machine lets it wait. Where a virtual clock
 * runs three hundred times as fast, a starved second would be five minutes in which nobody watches, and faults would come and go unseen.
 */
export class PatientTime {
  readonly #machine: Machine
  #passedMs: number
  #beatMs: number

  constructor(machine: Machine) {
    this.#machine = machine
    this.#passedMs = machine.nowMs()
    this.#beatMs = this.#passedMs
  }

  nowMs(): number {
    return this.#passedMs + Math.min(LONGEST_STALL_MS, this.#machine.nowMs() - this.#beatMs)
  }

  /** Once a turn. */
  beat(): void {
    this.#passedMs = this.nowMs()
    this.#beatMs = this.#machine.nowMs()
  }

  /** @param every again and again */
  after(ms: number, work: () => void, every = false): PatientTimer {
    let dueMs = 0
    const timer = new PatientTimer(() => {
      dueMs = this.nowMs() + ms
      timer.wait(this.#machine.after(ms, look))
    })
    const look = () => {
      const leftMs = dueMs - this.nowMs()
      if (leftMs > NEARLY_MS) return timer.wait(this.#machine.after(leftMs, look))
      if (every) {
        dueMs = Math.max(dueMs + ms, this.nowMs())
        timer.wait(this.#machine.after(dueMs - this.nowMs(), look))
      }
      work()
    }
    return timer.refresh()
  }
}

/** As what setTimeout returns. */
export class PatientTimer {
  #waiting: MachineTimer | undefined
  #ended = false
  #keepsAlive = true
  readonly #start: () => void

  /** @param start has it wait for its whole time from now on */
  constructor(start: () => void) {
    this.#start = start
  }

  wait(waiting: MachineTimer): void {
    this.#waiting = waiting
    if (!this.#keepsAlive) waiting.unref()
    if (this.#ended) waiting.close()
  }

  /** Its whole time begins anew, also where it is over; one that was cancelled stays so. */
  refresh(): this {
    if (this.#ended) return this
    this.#waiting?.close()
    this.#start()
    return this
  }

  cancel(): void {
    this.#ended = true
    this.#waiting?.close()
  }

  unref(): this {
    this.#keepsAlive = false
    this.#waiting?.unref()
    return this
  }
}

/**
 * From here on all clocks and timers of this process are patient, before anything reads a clock.
 * @returns gives it the machine's time back: Jest's files of tests share `performance`
 */
export function makeTimePatient(): () => void {
  const machine = { setTimeout, setInterval, clearTimeout, clearInterval }
  const dateNow = Date.now
  const [setOnce, setEvery, clear, clockMs] = [setTimeout, setInterval, clearTimeout, performance.now.bind(performance)]
  const wallMs = Date.now() - clockMs()
  const time = new PatientTime({ nowMs: clockMs, after: (ms, work) => setOnce(work, ms) })
  const beating = setEvery(() => time.beat(), BEAT_MS).unref()
  performance.now = () => time.nowMs()
  Date.now = () => Math.floor(wallMs + time.nowMs())
  const later =
    (every: boolean) =>
    (work: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
      time.after(ms, () => work(...given), every)
  const cancel = (timer: unknown) => (timer instanceof PatientTimer ? timer.cancel() : clear(timer as NodeJS.Timeout | undefined))
  Object.assign(globalThis, { setTimeout: later(false), setInterval: later(true), clearTimeout: cancel, clearInterval: cancel })
  return () => {
    clear(beating)
    Reflect.deleteProperty(performance, 'now') // what stands below it is Node's own
    Date.now = dateNow
    Object.assign(globalThis, machine)
  }
}
