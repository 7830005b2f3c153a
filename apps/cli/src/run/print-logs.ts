import { open, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Output, Style } from '../output/output.ts'
import type { RunningProgram } from '../up/running.ts'

export interface PrintLogs {
  programs: readonly RunningProgram[]
  /** The newest of each. */
  lines: number
  after: 'follow' | 'end'
  json: boolean
  out: Output
  signal: AbortSignal
}

const LOOK_EVERY_MS = 250
/** Of a long log only the end is read. */
const END_BYTES = 4 * 2 ** 20

export async function printLogs({ programs, lines, after, json, out, signal }: PrintLogs): Promise<void> {
  const width = Math.max(...programs.map(({ name }) => name.length))
  const tails = programs.map((program) => ({ program, tail: new LogTail(program.logFile) }))
  for (let isFirst = true; ; isFirst = false) {
    for (const { program, tail } of tails) {
      const found = await tail.read()
      const shown = isFirst ? found.slice(found.length - Math.min(lines, found.length)) : found
      const head = programs.length === 1 ? '' : `${out.paint('cyan', program.name.padEnd(width))} `
      await out.write(shown.map((line) => (json ? `${line}\n` : `${head}${wordsOf(out, line)}\n`)).join(''))
    }
    if (after === 'end') return
    await wait(LOOK_EVERY_MS, undefined, { signal })
  }
}

/** What was added to a log since the last reading; one that was begun anew is read from its beginning. */
class LogTail {
  readonly #path: string
  #inode = 0
  #offset = -1
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<string[]> {
    const found = await stat(this.#path).catch(() => undefined)
    if (!found) return [] // not begun yet, or somebody cleared it away
    const isAnew = this.#offset >= 0 && (found.ino !== this.#inode || found.size < this.#offset)
    if (this.#offset < 0) this.#offset = Math.max(0, found.size - END_BYTES)
    else if (isAnew) this.#offset = 0
    this.#inode = found.ino
    await using file = await open(this.#path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(found.size - this.#offset), 0, found.size - this.#offset, this.#offset)
    this.#offset += bytesRead
    const parts = `${this.#rest}${buffer.toString('utf8', 0, bytesRead)}`.split('\n')
    this.#rest = parts.pop() ?? ''
    return parts
  }
}

const LEVELS: Readonly<Record<number, [word: string, style: Style]>> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
}
const HEAD_FIELDS = new Set(['level', 'time', 'msg', 'service', 'pid', 'hostname'])

/** `14:02:09.123 info  partition changed state  partition=3`; a line that is no JSON is shown as it is. */
function wordsOf(out: Output, line: string): string {
  const entry = parsed(line)
  if (entry === undefined) return line
  const [word, style] = LEVELS[Number(entry.level)] ?? [String(entry.level ?? ''), 'dim']
  const time = new Date(entry.time as number | string)
  const clock = Number.isNaN(time.getTime()) ? '' : `${time.toISOString().slice(11, 23)} `
  const fields = Object.entries(entry).filter(([name]) => !HEAD_FIELDS.has(name))
  const rest = fields.map(([name, value]) => out.paint('dim', `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`))
  return `${clock}${out.paint(style, word.padEnd(5))} ${String(entry.msg ?? '')}  ${rest.join(' ')}`.trimEnd()
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // nats-server has its own form
  }
}
