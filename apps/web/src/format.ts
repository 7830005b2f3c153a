const MOST_DECIMALS = 8
const DEFAULT_DECIMALS = 2

/** Decimals that a least price change needs: 0.25 → 2, 0.00005 → 5. */
export function decimalsOf(minTick: number | undefined): number {
  if (minTick === undefined || !(minTick > 0)) return DEFAULT_DECIMALS
  let decimals = 0
  while (decimals < MOST_DECIMALS && Math.abs(minTick * 10 ** decimals - Math.round(minTick * 10 ** decimals)) > 1e-6) decimals += 1
  return decimals
}

export const price = (value: number | null | undefined, decimals: number): string =>
  value === undefined || value === null || !Number.isFinite(value) ? '–' : value.toFixed(decimals)

const SIZES = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
export const size = (value: number | undefined): string => (value === undefined ? '–' : SIZES.format(value))
export const short = (value: number): string => SHORT.format(value)

/** Ticks a second. */
export const rate = (perSecond: number): string => (perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1))

/** A length of time in at most four letters. */
export function length(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)}s`
  if (seconds < 100) return `${seconds.toFixed(0)}s`
  if (seconds < 6_000) return `${(seconds / 60).toFixed(0)}m`
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(0)}h` : `${(seconds / 86_400).toFixed(0)}d`
}

export const latency = (ms: number): string => (ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)}ms` : length(ms / 1_000))

export const bytes = (count: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const unit = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(count) / 3)) : 0
  return `${(count / 1_000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

/** 14:03:59, UTC. */
export const clockTime = (us: number): string => new Date(us / 1_000).toISOString().slice(11, 19)
/** 14:03:59.123, UTC. */
export const exactTime = (us: number): string => new Date(us / 1_000).toISOString().slice(11, 23)
/** 2026-11-25 14:03:59, UTC. */
export const dateTime = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 19).replace('T', ' ')

/** With its sign, also that of zero. */
export const signed = (value: number, decimals: number): string => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(decimals)}`
