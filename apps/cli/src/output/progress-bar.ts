import type { WriteStream } from 'node:tty'
import { ProgressLine } from './progress-line.ts'
import { bytesText, clockText, countText } from './units-text.ts'

const WIDTH = 30

export interface Progress {
  /** What is done of `total`, in whatever they count. Without a total there is no bar. */
  done: number
  total?: number | undefined
  bytes?: number
  ticks?: number
  more?: string
}

/** Share, rates and time left of long work, on a line that is written over; nothing where nobody looks. */
export class ProgressBar {
  readonly #line: ProgressLine
  readonly #startedMs = performance.now()

  constructor(out: WriteStream) {
    this.#line = new ProgressLine(out)
  }

  show(progress: Progress): void {
    this.#line.show(() => barOf(progress, performance.now() - this.#startedMs))
  }

  clear(): void {
    this.#line.clear()
  }
}

/** `[######------]  42 %  12.3 MB/s  85,000 ticks/s  0:31 left` */
export function barOf({ done, total, bytes, ticks, more = '' }: Progress, elapsedMs: number): string {
  const seconds = Math.max(elapsedMs, 1) / 1_000
  const parts: string[] = []
  if (total !== undefined) {
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const filled = Math.round(share * WIDTH)
    parts.push(`[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`)
  }
  if (bytes !== undefined) parts.push(`${bytesText(bytes / seconds)}/s`)
  if (ticks !== undefined) parts.push(`${countText(Math.round(ticks / seconds))} ticks/s`)
  if (total !== undefined) parts.push(`${done === 0 ? '–' : clockText((total - done) / (done / seconds))} left`)
  return [...parts, ...(more === '' ? [] : [more])].join('  ')
}
