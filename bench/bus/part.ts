import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../../test/support/program.ts'

/** Linux counts a process's CPU time in ticks of 10 ms. */
const CLOCK_TICK_US = 10_000

/** CPU time of a process so far, user and system, µs. */
export async function cpuUs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_US
}

/** A process of the bench: told what to do by its argument, answers by lines of JSON. */
export class Part implements AsyncDisposable {
  readonly pid: number
  #child: ReturnType<typeof spawn>
  #exited: Promise<unknown>
  #lines: Record<string, unknown>[] = []
  #wake = Promise.withResolvers<void>()

  /** @param order becomes the only argument of <folder>/<script>.ts */
  static async start(script: string, order: Record<string, unknown>, folder = 'bench/bus'): Promise<Part> {
    const path = join(ROOT, folder, `${script}.ts`)
    const child = spawn(process.execPath, [path, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child, 'spawn')
    return new Part(child)
  }

  constructor(child: ReturnType<typeof spawn>) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.#exited = once(child, 'exit').then(() => this.#wake.resolve())
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#lines.push(JSON.parse(line) as Record<string, unknown>)
        this.#wake.resolve()
      })
  }

  /** The next answer that has this field. */
  async answer<T extends Record<string, unknown>>(field: keyof T & string): Promise<T> {
    for (;;) {
      const at = this.#lines.findIndex((line) => field in line)
      if (at >= 0) return this.#lines.splice(at, 1)[0] as T
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`a part of the bench ended without "${field}"`)
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
    }
  }

  /** Lets it begin. */
  go(): void {
    this.#child.stdin?.write('go\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
  }
}

/** In a part: its order. */
export const orderOf = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T
/** In a part: an answer to whoever started it. */
export const tell = (answer: Record<string, unknown>): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`)
/** In a part: resolves when it may begin. */
export const goAhead = (): Promise<unknown> => once(process.stdin, 'data')
/** One clock for all processes of this machine, µs. */
export const sharedClockUs = (): number => Number(process.hrtime.bigint() / 1_000n)
