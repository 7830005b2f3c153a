import type { WriteStream } from 'node:tty'
import type { ImportProgress } from '@ib-stream/storage'
import { ProgressLine } from './progress-line.ts'

const WIDTH = 30
const BYTES_PER_MB = 1_000_000

/** Share, rate and time left, on a line that is written over. */
export class ImportBar {
  readonly #line: ProgressLine
  readonly #startedMs = performance.now()

  constructor(out: WriteStream) {
    this.#line = new ProgressLine(out)
  }

  show(progress: ImportProgress): void {
    this.#line.show(() => barOf(progress, performance.now() - this.#startedMs))
  }

  clear(): void {
    this.#line.clear()
  }
}

/** `[######------]  42 %  12.3 MB/s  85,000 ticks/s  0:31 left  3 faults` */
export function barOf({ bytes, totalBytes, ticks, faults }: ImportProgress, elapsedMs: number): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes)
  const seconds = Math.max(elapsedMs, 1) / 1_000
  const left = bytes === 0 ? '–' : clock((totalBytes - bytes) / (bytes / seconds))
  const filled = Math.round(share * WIDTH)
  const parts = [
    `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`,
    `${(bytes / BYTES_PER_MB / seconds).toFixed(1)} MB/s`,
    `${Math.round(ticks / seconds).toLocaleString('en-US')} ticks/s`,
    `${left} left`,
  ]
  return [...parts, ...(faults > 0 ? [`${faults} faults`] : [])].join('  ')
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60]
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(whole % 60).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${tail}` : tail
}
