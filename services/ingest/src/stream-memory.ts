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
 * that was open then began earlier. That a hole begins is kept at once, that it is over only when the spool has that too: a kill in between must not lose both.
 */
export class StreamMemory {
  readonly #file: Pick<StateFile, 'read' | 'write'>
  readonly #spooled: () => Promise<void>
  #next: readonly RememberedStream[] | undefined
  #newest: readonly RememberedStream[] = []
  #written: readonly RememberedStream[]
  #writtenText = ''
  /** Of the run before, as far as it can be read. */
  readonly before: readonly RememberedStream[]
  /** The run before left word, and all of it can be read. */
  readonly isWhole: boolean

  /** @param spooled resolves when all that was said up to now is durable in the spool */
  constructor(file: Pick<StateFile, 'read' | 'write'>, spooled: () => Promise<void>) {
    this.#file = file
    this.#spooled = spooled
    const value = file.read()
    const entries = Array.isArray(value) ? value.map(streamIn) : [undefined]
    this.before = entries.filter((stream) => stream !== undefined)
    this.isWhole = this.before.length === entries.length
    this.#written = this.before
  }

  /** What changes within one turn is written once. */
  keep(streams: readonly RememberedStream[]): void {
    if (this.#next === undefined) queueMicrotask(() => void this.#settle())
    this.#next = streams
  }

  async #settle(): Promise<void> {
    const streams = this.#next ?? []
    this.#next = undefined
    this.#newest = streams
    this.#write(withGapsOf(this.#written, streams))
    await this.#spooled()
    if (this.#newest === streams) this.#write(streams)
  }

  #write(streams: readonly RememberedStream[]): void {
    const value = streams.map(({ cid, tt, symbol, tracked, gap }) => ({ cid, tt, symbol, tracked, gap }))
    const text = JSON.stringify(value)
    if (text === this.#writtenText) return
    this.#written = streams
    this.#writtenText = text
    this.#file.write(value)
  }
}

/** `streams`, with every gap that was open before, and every stream that had one. */
function withGapsOf(before: readonly RememberedStream[], streams: readonly RememberedStream[]): readonly RememberedStream[] {
  const open = new Map(before.flatMap((stream) => (stream.gap ? [[stream.rid, stream]] : [])))
  const wider = streams.map((stream) => {
    const gap = open.get(stream.rid)?.gap
    open.delete(stream.rid)
    return gap && gap.fromUs <= (stream.gap?.fromUs ?? Number.POSITIVE_INFINITY) ? { ...stream, gap } : stream
  })
  return [...wider, ...open.values()]
}

function streamIn(entry: unknown): RememberedStream | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { cid, tt, symbol, tracked, gap } = entry as Record<string, unknown>
  if (typeof cid !== 'number' || !isTickType(tt)) return undefined
  const open = gapIn(gap)
  if (gap !== undefined && !open) return undefined
  return { cid, tt, rid: hash31(cid, tt), symbol: String(symbol ?? cid), tracked: tracked === true, gap: open }
}

function gapIn(value: unknown): OpenGap | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { fromUs, cause, reason, code } = value as Record<string, unknown>
  const known = GAP_CAUSES.find((one) => one === cause)
  if (typeof fromUs !== 'number' || known === undefined) return undefined
  return { fromUs, cause: known, reason: String(reason ?? ''), ...(typeof code === 'number' && { code }) }
}
