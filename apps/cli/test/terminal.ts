import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from '../../../test/support/wait-for.ts'

export interface TerminalOptions {
  cwd: string
  env: Record<string, string>
  columns?: number
}

/** A shell in a real pseudo-terminal, made by `script` of util-linux, which every Debian and Ubuntu has. */
export class Terminal {
  /** All that the terminal was sent, colours and all. */
  shown = ''
  readonly ended: Promise<number>
  readonly #child: ChildProcess

  constructor(text: string, { cwd, env, columns = 120 }: TerminalOptions) {
    const { NO_COLOR, FORCE_COLOR, ...withoutColours } = process.env
    const withSize = `stty cols ${columns} rows 40; ${text}`
    this.#child = spawn('script', ['-q', '-e', '-f', '-c', `bash -c ${quoted(withSize)}`, '/dev/null'], {
      cwd,
      env: { ...withoutColours, TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (words: string) => {
      this.shown += words
    })
    this.ended = once(this.#child, 'close').then(([code]) => Number(code))
  }

  shows(what: string | RegExp): Promise<unknown> {
    return waitFor(
      `the terminal shows ${what}`,
      () => (typeof what === 'string' ? this.shown.includes(what) : what.test(this.shown)),
      30_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.shown.slice(-2_000)}`)
    })
  }

  /** The same with the escape character made visible. */
  get coded(): string {
    return this.shown.replaceAll('\u001B', '␛')
  }

  /** Keys; `\x03` is Ctrl-C. */
  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
