import { GAP_CAUSES, hash31, isTickType } from '@ib-stream/model'
import type { OpenGap } from './gaps/gap-tracker.ts'
import type { StateFile } from './state-file.ts'
import type { DesiredStream } from './subscriptions/line-plan.ts'

/** A stream that was recorded when ingest ended, and the gap that was open then. */
export interface RememberedStream extends DesiredStream {
  gap?: OpenGap | undefined
}

/**
 * Which streams are recorded and of which ticks are missing right now, for the next start: what an earlier run recorded has a hole from its end on, and a hole
 * that was open then began earlier.
 */
export class StreamMemory {
  readonly #file: StateFile
  #next: readonly RememberedStream[] | undefined

  constructor(file: StateFile) {
    this.#file = file
  }

  /** Of the run before; undefined where none left word. */
  recall(): RememberedStream[] | undefined {
    const value = this.#file.read()
    return Array.isArray(value) ? value.flatMap((entry) => streamIn(entry) ?? []) : undefined
  }

  /** What changes within one turn is written once. */
  keep(streams: readonly RememberedStream[]): void {
    if (this.#next === undefined) queueMicrotask(() => this.#write())
    this.#next = streams
  }

  #write(): void {
    const streams = this.#next ?? []
    this.#next = undefined
    this.#file.write(streams.map(({ cid, tt, symbol, tracked, gap }) => ({ cid, tt, symbol, tracked, gap })))
  }
}

function streamIn(entry: unknown): RememberedStream | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { cid, tt, symbol, tracked, gap } = entry as Record<string, unknown>
  if (typeof cid !== 'number' || !isTickType(tt)) return undefined
  return { cid, tt, rid: hash31(cid, tt), symbol: String(symbol ?? cid), tracked: tracked === true, gap: gapIn(gap) }
}

function gapIn(value: unknown): OpenGap | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { fromUs, cause, reason, code } = value as Record<string, unknown>
  const known = GAP_CAUSES.find((one) => one === cause)
  if (typeof fromUs !== 'number' || known === undefined) return undefined
  return { fromUs, cause: known, reason: String(reason ?? ''), ...(typeof code === 'number' && { code }) }
}
