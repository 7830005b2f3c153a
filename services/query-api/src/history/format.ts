import { QueryError } from '../errors.ts'

export const FORMATS = ['json', 'ndjson', 'csv', 'protobuf', 'arrow', 'parquet'] as const
export type Format = (typeof FORMATS)[number]

export const MEDIA_TYPES: Record<Format, string> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  protobuf: 'application/x-protobuf',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
}

/**
 * The format that an Accept header likes best; `json` where it does not care.
 * @throws QueryError `IBS_QUERY_FORMAT_UNACCEPTABLE`
 */
export function formatFor(accept: string | undefined): Format {
  if (accept === undefined || accept.trim() === '') return 'json'
  const ranges = accept.split(',').map(readRange)
  const liked = FORMATS.map((format) => ({ format, quality: qualityOf(format, ranges) })).filter(({ quality }) => quality > 0)
  const best = liked.reduce<{ format: Format; quality: number } | undefined>((a, b) => (a && a.quality >= b.quality ? a : b), undefined)
  if (best) return best.format
  throw new QueryError(
    'IBS_QUERY_FORMAT_UNACCEPTABLE',
    `none of the formats in Accept can be given; ask for one of ${Object.values(MEDIA_TYPES).join(', ')}`,
    {
      field: 'Accept',
      value: accept,
      allowed: Object.values(MEDIA_TYPES),
    },
  )
}

interface Range {
  type: string
  quality: number
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
}

/** The most exact range decides (RFC 9110, 12.5.1). */
function qualityOf(format: Format, ranges: readonly Range[]): number {
  const type = MEDIA_TYPES[format]
  for (const wanted of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === wanted)
    if (range) return range.quality
  }
  return 0
}
