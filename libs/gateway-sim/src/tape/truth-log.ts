import { closeSync, openSync, writeSync } from 'node:fs'
import { GatewaySimError } from '../errors.ts'

const FLUSH_EVERY_MS = 100
/** Above it a line is written out at once, so a fast replay holds at most this much. */
const MAX_PENDING_CHARS = 1024 * 1024

/** Takes one line for each tick that was handed to a socket. */
export interface TruthLog {
  /** @param line with its end */
  append(line: string): void
  close(): void
}

/** For a simulator that is not judged. */
export const noTruth: TruthLog = { append: () => {}, close: () => {} }

/**
 * Appends to a file, at least every 100 ms, and at the end of the process however it ends, a kill -9 excepted.
 * @throws GatewaySimError IBS_SIM_OPTION_INVALID when the file cannot be opened
 */
export function openTruthLog(path: string): TruthLog {
  return new FileTruthLog(open(path))
}

class FileTruthLog implements TruthLog {
  readonly #file: number
  readonly #timer: NodeJS.Timeout
  #pending = ''
  #closed = false

  constructor(file: number) {
    this.#file = file
    this.#timer = setInterval(this.#flush, FLUSH_EVERY_MS).unref()
    process.on('exit', this.#flush)
  }

  append(line: string): void {
    this.#pending += line
    if (this.#pending.length > MAX_PENDING_CHARS) this.#flush()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    process.off('exit', this.#flush)
    this.#flush()
    closeSync(this.#file)
  }

  readonly #flush = (): void => {
    let bytes = Buffer.from(this.#pending, 'utf8')
    this.#pending = ''
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#file, bytes))
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (cause) {
    throw new GatewaySimError(
      'IBS_SIM_OPTION_INVALID',
      `--truth ${path} cannot be opened; give a file in a writable folder`,
      { path },
      cause,
    )
  }
}
