import { once } from 'node:events'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

export interface OutputStreams {
  out: NodeJS.WriteStream
  err: NodeJS.WriteStream
}

/**
 * Where a command writes: data to standard output, words for people to standard error. Here, and only here, is known that a reader may have enough (`| head`): what
 * is written then goes nowhere, and `onReaderGone` is called once.
 */
export class Output {
  /** Somebody looks at standard output. */
  readonly isTerminal: boolean
  readonly err: WriteStream
  readonly #out: NodeJS.WriteStream
  #isReaderGone = false
  #failure: Error | undefined

  constructor({ out, err }: OutputStreams, onReaderGone: () => void = () => undefined) {
    this.#out = out
    this.err = err as WriteStream
    this.isTerminal = out.isTTY === true
    out.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure ??= error
      const isFirst = !this.#isReaderGone
      this.#isReaderGone = true
      if (isFirst) onReaderGone()
    })
    err.on('error', () => undefined) // nobody is left to be told
  }

  /** Columns of the terminal; without one, as many as a line may need. */
  get columns(): number {
    return this.isTerminal ? (this.#out.columns ?? 80) : Number.POSITIVE_INFINITY
  }

  /** Why standard output could not be written, other than that its reader has enough. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Data. Resolves when more may be written. */
  async write(text: string | Uint8Array): Promise<void> {
    if (this.#isReaderGone || text.length === 0) return
    if (this.#out.write(text) || this.#out.destroyed) return
    const gone = new AbortController()
    const end = () => gone.abort()
    this.#out.once('close', end).once('error', end)
    try {
      await once(this.#out, 'drain', { signal: gone.signal })
    } catch (error) {
      if (!gone.signal.aborted) throw error
    } finally {
      this.#out.off('close', end).off('error', end)
    }
  }

  /** A line of data, for commands that write little. */
  line(text: string): void {
    void this.write(`${text}\n`)
  }

  /** A line of JSON. */
  json(value: unknown): void {
    this.line(JSON.stringify(value))
  }

  /** All of a stream as it is, at the reader's pace. */
  async pump(source: Readable, signal: AbortSignal): Promise<void> {
    const sink = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        this.write(chunk).then(
          () => done(),
          (error: Error) => done(error),
        )
      },
    })
    await pipeline(source, sink, { signal })
  }

  /** A line for people, which is no data. */
  say(text: string): void {
    this.err.write(`${text}\n`)
  }

  /** Coloured where somebody looks at it; NO_COLOR and FORCE_COLOR count. */
  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out })
  }

  /** The same for what goes to standard error. */
  paintErr(style: Style, text: string): string {
    return styleText(style, text, { stream: this.err })
  }
}
