import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** One program that `up` keeps running. */
export interface Program {
  name: string
  command: string
  args: readonly string[]
  env: Record<string, string>
  logFile: string
  /** Where its `/health` is; absent: it counts as well while it runs. */
  healthUrl?: string
  /** Node programs hear over this channel that `up` is gone. */
  ipc?: true
  /** What is shown beside its name. */
  where: string
  /** Order of stopping: lower first; equal ones together. */
  stopRank: number
}

const BACKOFF_FIRST_MS = 500
const BACKOFF_MOST_MS = 30_000
/** A child that ran this long had a good start: the next restart is quick again. */
const GOOD_RUN_MS = 60_000
const STOP_WITHIN_MS = 20_000
const LOG_KEPT_BYTES = 10 * 2 ** 20

/** A child process that is started again, with growing pauses, whenever it ends by itself. */
export class Child {
  readonly program: Program
  state: 'starting' | 'running' | 'waiting' | 'stopped' = 'starting'
  restarts = 0
  /** When it was started, ms since 1970; undefined while it does not run. */
  sinceMs: number | undefined
  #process: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined
  #backoffMs = BACKOFF_FIRST_MS
  #say: (line: string) => void
  #stopping = false

  constructor(program: Program, say: (line: string) => void) {
    this.program = program
    this.#say = say
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  async start(): Promise<void> {
    try {
      await this.#spawn()
    } catch (error) {
      this.#onEnd(`could not be started: ${String(error)}`, 0)
    }
  }

  async #spawn(): Promise<void> {
    const { command, args, env, logFile, ipc } = this.program
    await mkdir(dirname(logFile), { recursive: true }) // somebody may clear away the logs
    await rotate(logFile)
    await using log = await open(logFile, 'a')
    if (this.#stopping) return // stopped between the decision to start and now
    const startedMs = performance.now()
    // An own process group: a Ctrl-C at the terminal reaches only `up`, which stops its children in order.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', log.fd, log.fd, ...(ipc ? ['ipc' as const] : [])],
      detached: true,
    })
    this.#process = child
    this.state = 'running'
    this.sinceMs = Date.now()
    this.#exited = new Promise((resolve) => {
      const ended = (how: string) => {
        resolve()
        this.#onEnd(how, performance.now() - startedMs)
      }
      child.once('error', (error) => ended(error.message))
      child.once('exit', (code, signal) => ended(signal ? `killed by ${signal}` : `ended with ${code}`))
    })
  }

  #onEnd(how: string, ranMs: number): void {
    this.#process = undefined
    this.sinceMs = undefined
    if (this.#stopping) {
      this.state = 'stopped'
      return
    }
    this.state = 'waiting'
    this.restarts += 1
    if (ranMs > GOOD_RUN_MS) this.#backoffMs = BACKOFF_FIRST_MS
    const waitMs = this.#backoffMs
    this.#backoffMs = Math.min(2 * this.#backoffMs, BACKOFF_MOST_MS)
    this.#retry = setTimeout(() => void this.start(), waitMs)
    void lastWords(this.program.logFile).then((words) => this.#say(`${this.program.name} ${how}; again in ${waitMs / 1_000} s${words}`))
  }

  /** SIGTERM, and SIGKILL for one that does not end in time. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#retry)
    const child = this.#process
    if (!child) {
      this.state = 'stopped'
      return
    }
    child.kill('SIGTERM')
    const kill = setTimeout(() => {
      this.#say(`${this.program.name} does not stop: killed`)
      child.kill('SIGKILL')
    }, STOP_WITHIN_MS)
    await this.#exited
    clearTimeout(kill)
  }
}

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  )
  if (size > LOG_KEPT_BYTES) await rename(logFile, `${logFile}.1`)
}

const FATAL_LEVEL = 60
/** A fatal line with its stack is shorter; the log itself may have grown to any size. */
const LAST_WORDS_BYTES = 64 * 1024

/** What a service said before it gave up, for the person at the terminal. */
async function lastWords(logFile: string): Promise<string> {
  try {
    const lines = (await readEnd(logFile)).trimEnd().split('\n')
    const entry = JSON.parse(lines.at(-1) ?? '') as { level?: number | string; msg?: string }
    if (entry.level === FATAL_LEVEL) return `\n  ${entry.msg}`
  } catch {
    // no JSON: nats-server's own log; or the log is gone
  }
  return `; its log is ${logFile}`
}

async function readEnd(logFile: string): Promise<string> {
  await using file = await open(logFile, 'r')
  const { size } = await file.stat()
  const length = Math.min(size, LAST_WORDS_BYTES)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
  return buffer.toString('utf8', 0, bytesRead)
}
