import { lastSeconds, type Window } from './shown.ts'

const DEFAULT_RANGE_SECONDS = 3_600

/** Where one is on the page: what the address says too, so that it can be sent and gone back to, and how it is drawn. */
export interface Place {
  cid: number | undefined
  rangeSeconds: number
  window: Window
  /** Name of the API, or `auto`. */
  interval: string
  of: 'trades' | 'mid'
}

/** Of an address: `#cid=265598&range=3600` or `#cid=265598&from=…&to=…` (µs). What it does not say, or says wrongly, is as at first. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.slice(1))
  const number = (name: string) => (/^\d{1,16}$/.test(given.get(name) ?? '') ? Number(given.get(name)) : undefined)
  const rangeSeconds = number('range') || DEFAULT_RANGE_SECONDS
  const [fromUs, toUs] = [number('from'), number('to')]
  const window = fromUs !== undefined && toUs !== undefined && fromUs < toUs ? { fromUs, toUs } : lastSeconds(rangeSeconds)
  return { cid: number('cid'), rangeSeconds, window, interval: 'auto', of: 'trades' }
}

export function hashOf({ cid, rangeSeconds, window: { fromUs, toUs } }: Place): string {
  const where: Record<string, string> = toUs === undefined ? { range: String(rangeSeconds) } : { from: String(fromUs), to: String(toUs) }
  return `#${new URLSearchParams({ cid: String(cid), ...where })}`
}

/** Back or forward by its own length; forward never past now. */
export function shifted({ fromUs, toUs }: Window, direction: -1 | 1, nowUs: number): Window {
  const lengthUs = (toUs ?? nowUs) - fromUs
  const until = (toUs ?? nowUs) + direction * lengthUs
  return until >= nowUs ? { fromUs: nowUs - lengthUs, toUs: undefined } : { fromUs: until - lengthUs, toUs: until }
}
