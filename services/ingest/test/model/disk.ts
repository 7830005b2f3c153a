import type { LogLine } from '@ib-stream/bus'
import type { RecorderEvent, TickMessage } from '@ib-stream/model'
import type { StateFile } from '../../src/state-file.ts'

type Trade = Extract<TickMessage, { tt: 'all_last' | 'last' }>

/** What outlives a kill of ingest: the lines of its spool, and its own files. */
export class Disk {
  readonly #lines: LogLine[] = []
  readonly #files = new Map<string, string>()

  append(lines: readonly LogLine[]): void {
    this.#lines.push(...lines)
  }

  /** Nothing is written by who is not alive. */
  file(name: string, isAlive: () => boolean): Pick<StateFile, 'read' | 'write'> {
    const read = (): unknown => {
      const text = this.#files.get(name)
      return text === undefined ? undefined : JSON.parse(text)
    }
    return { read, write: (value) => void (isAlive() && this.#files.set(name, JSON.stringify(value))) }
  }

  get ticks(): Trade[] {
    return this.#lines.flatMap(({ event, line }) => (event ? [] : [JSON.parse(line) as Trade]))
  }

  get events(): RecorderEvent[] {
    return this.#lines.flatMap(({ event, line }) => (event ? [JSON.parse(line) as RecorderEvent] : []))
  }

  /** Stamps of all lines, in their order, µs UTC. */
  get stamps(): number[] {
    return this.#lines.map(({ line }) => (JSON.parse(line) as { st: number }).st)
  }
}
