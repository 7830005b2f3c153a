import { type TimeZone, timeZone } from '@ib-stream/calendar'
import { isoFromUs, US_PER_SECOND } from '@ib-stream/model'

/** `1,234`. */
export const countText = (value: number): string => value.toLocaleString('en-US')

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** `12.3 MB`: powers of ten, as disks are sold. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0]
  for (; Math.abs(value) >= 1_000 && unit < BYTE_UNITS.length - 1; unit++) value /= 1_000
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`
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

/** `0:31`, `1:02:03`: of a progress line. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60]
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(whole % 60).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${tail}` : tail
}

export const percentText = (percent: number | null): string => (percent === null ? '–' : `${percent.toFixed(2)} %`)

/** Wall time of a moment in a zone, `2025-07-30T09:30:00.123`, cut to `digits` of the second. */
export function localText(us: number, zone: TimeZone = timeZone('UTC'), digits: 0 | 3 | 6 = 0): string {
  return isoFromUs(us + zone.offsetUs(us)).slice(0, digits === 0 ? 19 : 20 + digits)
}
