import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto } from '@ib-stream/storage'
import { QueryError } from '../errors.ts'

export const FORMATS = ['json', 'ndjson', 'protobuf'] as const
export type Format = (typeof FORMATS)[number]

export const MEDIA_TYPES: Record<Format, string> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  protobuf: 'application/x-protobuf',
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
  for (const type of [MEDIA_TYPES[format], 'application/*', '*/*']) {
    const range = ranges.find((one) => one.type === type)
    if (range) return range.quality
  }
  return 0
}

/** What the JSON envelope says around the ticks. */
export interface Envelope {
  contractId: number
  tickTypes: readonly string[]
  startIso: string
  endIso: string
}

type Batches = AsyncIterable<readonly TickMessage[]>

/** An answer's bytes, a chunk for each batch of ticks. Nothing is read ahead of its consumer. */
export const ENCODERS: Record<Format, (batches: Batches, envelope: Envelope) => AsyncGenerator<string | Uint8Array, void, undefined>> = {
  async *ndjson(batches) {
    for await (const batch of batches) yield `${batch.map(encodeTickJson).join('\n')}\n`
  },
  async *protobuf(batches) {
    for await (const batch of batches) yield Buffer.concat(batch.map(encodeTickProto))
  },
  /** One object; the number of ticks comes last because only then it is known. */
  async *json(batches, { contractId, tickTypes, startIso, endIso }) {
    const head = { contract_id: contractId, tick_types: tickTypes, format: 'json', time_range: { start: startIso, end: endIso } }
    yield `${JSON.stringify(head).slice(0, -1)},"messages":[`
    let total = 0
    for await (const batch of batches) {
      yield `${total === 0 ? '\n' : ',\n'}${batch.map(encodeTickJson).join(',\n')}`
      total += batch.length
    }
    yield `\n],"total_messages":${total}}\n`
  },
}
