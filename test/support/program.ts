import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { waitFor } from './wait-for.ts'

/** Tests and benches are run from the project's folder. */
export const ROOT = process.cwd()

export interface LogEntry {
  msg?: string
  [field: string]: unknown
}

export interface ProgramSpec {
  command: string
  args: readonly string[]
  env?: Record<string, string>
}

/** A real process under test; its output is kept, and it can be killed and started again. */
export class TestProgram implements AsyncDisposable {
  readonly name: string
  output = ''
  #spec: ProgramSpec
  #child: ChildProcess | undefined
  #exited: Promise<number | null> = Promise.resolve(null)

  constructor(name: string, spec: ProgramSpec) {
    this.name = name
    this.#spec = spec
  }

  start(): this {
    const { command, args, env } = this.#spec
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (bytes: Buffer) => {
      this.output += bytes.toString('utf8')
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    this.#child = child
    this.#exited = new Promise((end) => child.once('exit', (code) => end(code)))
    return this
  }

  /** JSON lines of the output so far. */
  get log(): LogEntry[] {
    return this.output.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as LogEntry]
      } catch {
        return []
      }
    })
  }

  /** Waits for a log entry that fits, and gives it. */
  logged(what: string, fits: (entry: LogEntry) => boolean, deadlineMs?: number): Promise<LogEntry> {
    return waitFor(`${this.name} logs ${what}`, () => this.log.find(fits), deadlineMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`)
    })
  }

  /** Process id; 0 before it runs. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** E.g. SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** SIGSTOP: when this resolves it stands still with all it holds, until {@link thaw}; a thread that was in a system call does so only after it. */
  async freeze(): Promise<void> {
    if (!this.running) return
    this.#child?.kill('SIGSTOP')
    await waitFor(`${this.name} stands still`, () => !this.running || this.#threadStates().every((state) => state === 'T'))
  }

  #threadStates(): string[] {
    return readdirSync(`/proc/${this.pid}/task`).flatMap((thread) => {
      try {
        const stat = readFileSync(`/proc/${this.pid}/task/${thread}/stat`, 'utf8')
        return [stat[stat.lastIndexOf(')') + 2] ?? '']
      } catch {
        return [] // it ended meanwhile
      }
    })
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    this.#child?.kill('SIGTERM')
    return await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = setTimeout(() => this.#child?.kill('SIGKILL'), 10_000)
    await this.stop()
    clearTimeout(late)
  }
}

/** A TypeScript entry of the project, run as it is. */
export const nodeProgram = (name: string, script: string, env: Record<string, string>, args: readonly string[] = []): TestProgram =>
  new TestProgram(name, { command: process.execPath, args: [resolve(ROOT, script), ...args], env })
