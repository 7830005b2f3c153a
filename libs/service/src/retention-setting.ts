import { US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'

/** How much of a backend is kept: so long, and so much of the disk; what is not said has no limit. */
export interface KeepSetting {
  maxAgeUs?: number
  /** Above 0, at most 1. */
  maxDiskShare?: number
}

export type RetentionSetting = { [backend in 'json' | 'pb']?: KeepSetting }

export const RETENTION_FORM = 'all, or backend:age;share for json and pb, separated by commas, e.g. json:7d;20%,pb:90d'

/** What is kept where the archive, which has no limit, is written and nothing else is said. */
export const BESIDE_THE_ARCHIVE: RetentionSetting = Object.freeze({
  json: { maxAgeUs: 7 * US_PER_DAY, maxDiskShare: 0.2 },
  pb: { maxAgeUs: 28 * US_PER_DAY, maxDiskShare: 0.3 },
})

/** Reads `json:7d;20%,pb:90d`, or `all`. @returns undefined for what is none */
export function parseRetention(text: string): RetentionSetting | undefined {
  if (text.trim() === 'all') return {}
  const setting: RetentionSetting = {}
  for (const part of text.split(',')) {
    const [, backend, limits = ''] = /^(json|pb):(.+)$/.exec(part.trim()) ?? []
    const keep = limits.split(';').map((limit) => parseLimit(limit.trim()))
    if ((backend !== 'json' && backend !== 'pb') || setting[backend] !== undefined || keep.includes(undefined)) return undefined
    const kept: KeepSetting = Object.assign({}, ...keep)
    if (Object.keys(kept).length !== keep.length) return undefined // one of a kind twice
    setting[backend] = kept
  }
  return setting
}

const US_PER_UNIT = { h: US_PER_HOUR, d: US_PER_DAY } as const
const PERCENT = 100

function parseLimit(limit: string): KeepSetting | undefined {
  const [, count, unit] = /^(\d{1,6})([hd])$/.exec(limit) ?? []
  if ((unit === 'h' || unit === 'd') && Number(count) > 0) return { maxAgeUs: Number(count) * US_PER_UNIT[unit] }
  const share = Number(/^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(limit)?.[1] ?? 0) / PERCENT
  return share > 0 && share <= 1 ? { maxDiskShare: share } : undefined
}
