import type { Seconds } from './fill-window.ts'
import { PAGE_TICKS } from './history-page.ts'

/** A question for IB's history: the ticks before an end, or from a start on; whole seconds. */
export type PageRequest = { endSecond: number } | { startSecond: number }

/**
 * Decides which pages of IB's history cover a window. It goes from the end backwards, each page ending with the first second of the one before (the overlap
 * shows whether that second was cut). IB gives no page across two sessions; where it has nothing before a moment that may lie between two, the walk goes on
 * from the window's start, forwards, until both ends meet or nothing more comes. What is left then is closed at both ends: it is looked into at steps, and a session found
 * there is walked both ways. No I/O: it is asked for a request and told the seconds of the answer.
 */
export class FillWalk {
  #left: Seconds
  #direction: 'backward' | 'forward' = 'backward'
  /** A step into what is left, walked backward from its end. */
  #step: { window: Seconds; endSecond: number; isOpen: boolean } | undefined
  /** Whether IB counts the second of an end to the page; seen by its first answer that has it. */
  #endIsIncluded = false

  /** @param done pages that an earlier run has filled */
  constructor(window: Seconds, done: readonly Seconds[] = []) {
    this.#left = withoutDone(window, done)
  }

  /** Seconds that are still to be looked at; none when the first is after the last. */
  get left(): Readonly<Seconds> {
    return this.#left
  }

  /** What to ask next; undefined when all is covered. */
  get next(): PageRequest | undefined {
    if (this.#left.fromSecond > this.#left.toSecond) return undefined
    const { fromSecond, toSecond } = this.#step?.window ?? this.#left
    return this.#direction === 'backward' ? { endSecond: toSecond + (this.#endIsIncluded ? 0 : 1) } : { startSecond: fromSecond }
  }

  /**
   * Takes the answer to `next`.
   * @param seconds second of each of its ticks, ascending
   * @returns the seconds of the window that it covers; undefined where it covers none
   */
  take(seconds: readonly number[]): Seconds | undefined {
    const [first, last] = [seconds[0], seconds.at(-1)]
    if (this.#direction === 'forward') return this.#forward(last, seconds.length)
    const step = this.#step
    const covered = first === undefined || last === undefined ? undefined : this.#backward(first, last, seconds.length)
    if (step && (first === undefined || step.window.fromSecond > step.window.toSecond)) this.#endStep(step)
    else if (first === undefined) this.#direction = 'forward'
    return covered
  }

  #backward(first: number, last: number, count: number): Seconds | undefined {
    const window = this.#step?.window ?? this.#left
    const { fromSecond, toSecond } = window
    if (this.#step) this.#step.isOpen = true
    if (last > toSecond && !this.#endIsIncluded) {
      this.#endIsIncluded = true
      if (first > toSecond) return undefined
    }
    const covered = { fromSecond: Math.min(Math.max(first, fromSecond), toSecond), toSecond }
    // A page that is not full ends where a session begins, and its first second is whole; so is a second that fills a page alone.
    const isWhole = first < fromSecond || count < PAGE_TICKS || first >= toSecond
    window.toSecond = isWhole ? covered.fromSecond - 1 : first
    return covered
  }

  #forward(last: number | undefined, count: number): Seconds | undefined {
    const { fromSecond, toSecond } = this.#left
    if (last === undefined || last < fromSecond) {
      this.#stepInto()
      return undefined
    }
    const covered = { fromSecond, toSecond: Math.min(last, toSecond) }
    const isWhole = last > toSecond || count < PAGE_TICKS || last === fromSecond
    this.#left.fromSecond = isWhole ? covered.toSecond + 1 : last
    return covered
  }

  /** Nothing begins here: looks a step ahead, where what is left is longer than that. */
  #stepInto(): void {
    const { fromSecond, toSecond } = this.#left
    const endSecond = fromSecond + STEP_SECONDS
    if (endSecond >= toSecond) {
      this.#left.fromSecond = toSecond + 1
      return
    }
    this.#step = { window: { fromSecond, toSecond: endSecond }, endSecond, isOpen: false }
    this.#direction = 'backward'
  }

  /** Up to its end all is covered; a session that it found goes on behind that. */
  #endStep({ endSecond, isOpen }: { endSecond: number; isOpen: boolean }): void {
    this.#step = undefined
    this.#left.fromSecond = endSecond + 1
    this.#direction = 'forward'
    if (!isOpen) this.#stepInto()
  }
}

/** No session is much shorter than this, and a weekend has sixteen of them: IB counts each request. */
const STEP_SECONDS = 4 * 3_600

/** Pages that join the window's end shorten it from there, the others from its start; the second at the seam is looked at again. */
function withoutDone(window: Seconds, done: readonly Seconds[]): Seconds {
  const left = { ...window }
  const others: Seconds[] = []
  for (const page of [...done].sort((a, b) => b.toSecond - a.toSecond)) {
    if (page.toSecond >= left.toSecond - 1) left.toSecond = Math.min(left.toSecond, page.fromSecond)
    else others.push(page)
  }
  for (const page of others.reverse())
    if (page.fromSecond <= left.fromSecond + 1) left.fromSecond = Math.max(left.fromSecond, Math.min(page.toSecond, left.toSecond))
  return left
}
