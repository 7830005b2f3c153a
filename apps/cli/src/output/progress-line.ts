import type { WriteStream } from 'node:tty'

const EVERY_MS = 200

/** A line that is written over. On anything but a terminal it writes nothing. */
export class ProgressLine {
  readonly #out: WriteStream
  #shownMs = Number.NEGATIVE_INFINITY
  #isShown = false

  constructor(out: WriteStream) {
    this.#out = out
  }

  /** @param textOf is asked only where the line is written */
  show(textOf: () => string): void {
    const nowMs = performance.now()
    if (!this.#out.isTTY || nowMs - this.#shownMs < EVERY_MS) return
    this.#shownMs = nowMs
    this.#isShown = true
    this.#out.write(`\r\u001B[K${textOf()}`)
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.#isShown) this.#out.write('\r\u001B[K')
    this.#isShown = false
  }
}
