import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from '../../../test/support/wait-for.ts'

export interface TerminalOptions {
  cwd: string
  env: Record<string, string>
  columns?: number
}

/** A shell in a real pseudo-terminal, made by `script` of util-linux, which every Debian and Ubuntu has. */
export class Terminal implements Disposable {
  /** All that the terminal was sent, colours and all. */
  shown = ''
  readonly ended: Promise<number>
  readonly #child: ChildProcess

  constructor(text: string, { cwd, env, columns = 120 }: TerminalOptions) {
    const { NO_COLOR, FORCE_COLOR, CI, ...asAPerson } = process.env // Node paints less where CI is set
    this.#child = spawn('script', ['-q', '-e', '-f', '-c', `stty cols ${columns} rows 40; ${text}`, '/dev/null'], {
      cwd,
      env: { ...asAPerson, SHELL: '/bin/bash', TERM: 'xterm-256color', ...env }, // dash ends with 130 at Ctrl-C, whatever its child ended with
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

  /** Takes the terminal away, should something still run in it. */
  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
