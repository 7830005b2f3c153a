import { isTickType } from '@ib-stream/model'
import type { StateFile } from '../state-file.ts'
import { type FillRange, jobKey } from './fill-job.ts'

/** Ranges that somebody asked for and that are not at their end, for the next start: who asks need not be there when it is done. */
export class AskedRanges {
  readonly #file: StateFile
  readonly #ranges: Map<string, FillRange>

  constructor(file: StateFile) {
    this.#file = file
    const value = file.read()
    const ranges = Array.isArray(value) ? value.flatMap((entry) => rangeIn(entry) ?? []) : []
    this.#ranges = new Map(ranges.map((range) => [jobKey(range), range]))
  }

  get all(): FillRange[] {
    return [...this.#ranges.values()]
  }

  add({ cid, tt, fromUs, toUs }: FillRange): void {
    const range = { cid, tt, fromUs, toUs }
    this.#ranges.set(jobKey(range), range)
    this.#file.write(this.all)
  }

  ended(range: FillRange): void {
    if (this.#ranges.delete(jobKey(range))) this.#file.write(this.all)
  }
}

function rangeIn(entry: unknown): FillRange | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { cid, tt, fromUs, toUs } = entry as Record<string, unknown>
  if (typeof cid !== 'number' || !isTickType(tt) || typeof fromUs !== 'number' || typeof toUs !== 'number') return undefined
  return { cid, tt, fromUs, toUs }
}
