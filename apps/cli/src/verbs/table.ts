import { US_PER_SECOND } from '@ib-stream/model'

/** Rows under a head, columns as wide as they must be; numbers (those marked) to the right. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[], right: ReadonlySet<string> = new Set()): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (right.has(head[i] ?? '') ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map((row) => `${lineOf(row)}\n`).join('')
}

/** `2h 03m`, `4m 07s`, `0.25s`: two units, so that a table stays narrow. */
export function durationText(us: number): string {
  const seconds = us / US_PER_SECOND
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)}s`
  const whole = Math.round(seconds)
  const [days, hours, minutes] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  if (days > 0) return `${days}d ${two(hours)}h`
  return hours > 0 ? `${hours}h ${two(minutes)}m` : `${minutes}m ${two(whole % 60)}s`
}
