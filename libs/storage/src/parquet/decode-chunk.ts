import { crc32, zstdDecompressSync } from 'node:zlib'
import { decodeDelta } from './delta.ts'
import { numberOf, structOf, wholeAt } from './footer.ts'
import { ENCODING, PAGE, PHYSICAL } from './parquet-numbers.ts'
import { decodeBits, decodePlaces } from './rle.ts'
import { decodeThrift } from './thrift-compact.ts'

/** A column of a row group as it was written: values of the rows that have one. */
export interface DecodedChunk {
  present: Uint8Array | undefined
  numbers: Float64Array | undefined
  texts: readonly string[] | undefined
  flags: Uint8Array | undefined
}

interface Page {
  type: number
  /** Values of a dictionary, rows of data. */
  count: number
  encoding: number
  body: Uint8Array
  end: number
}

/**
 * Reads what `encodeChunk` wrote: a dictionary perhaps, then one page of all rows.
 * @throws RangeError for bytes that are none, a page whose checksum does not hold, an encoding that we do not write
 */
export function decodeChunk(bytes: Uint8Array, about: { physical: number; optional: boolean; rows: number }): DecodedChunk {
  const first = pageAt(bytes, 0)
  const dictionary = first.type === PAGE.dictionary ? first : undefined
  const data = dictionary ? pageAt(bytes, dictionary.end) : first
  if (data.type !== PAGE.data || data.count !== about.rows) throw new RangeError(`a page of ${data.count} rows, not ${about.rows}`)
  let present: Uint8Array | undefined
  let { body } = data
  if (about.optional) {
    const levels = withoutLength(body)
    present = decodeBits(levels, about.rows)
    body = body.subarray(4 + levels.length)
  }
  const count = present === undefined ? about.rows : present.reduce((sum, bit) => sum + bit, 0)
  return {
    present,
    numbers: undefined,
    texts: undefined,
    flags: undefined,
    ...valuesOf(body, data.encoding, { ...about, count, dictionary }),
  }
}

interface Values {
  physical: number
  count: number
  dictionary: Page | undefined
}

function valuesOf(body: Uint8Array, encoding: number, { physical, count, dictionary }: Values): Partial<DecodedChunk> {
  if (physical === PHYSICAL.boolean) return { flags: decodeBits(withoutLength(body), count) }
  if (dictionary !== undefined && encoding === ENCODING.dictionary) {
    const places = decodePlaces(body, count, dictionary.count)
    if (physical === PHYSICAL.bytes) {
      const texts = textsIn(dictionary)
      return { texts: Array.from(places, (place) => texts[place] as string) }
    }
    const distinct = plainNumbers(dictionary.body, physical, dictionary.count)
    const numbers = new Float64Array(count)
    for (let i = 0; i < count; i++) numbers[i] = distinct[places[i] as number] as number
    return { numbers }
  }
  if (encoding === ENCODING.delta && physical === PHYSICAL.int64) {
    const numbers = new Float64Array(count)
    decodeDelta(body, numbers)
    return { numbers }
  }
  if (encoding === ENCODING.split && physical === PHYSICAL.double) return { numbers: plainNumbers(joinStreams(body), physical, count) }
  if (encoding === ENCODING.plain) return { numbers: plainNumbers(body, physical, count) }
  throw new RangeError(`encoding ${encoding} of type ${physical}`)
}

function pageAt(bytes: Uint8Array, start: number): Page {
  const { struct, end: headerEnd } = decodeThrift(bytes, start)
  const end = headerEnd + numberOf(struct.get(3))
  const compressed = bytes.subarray(headerEnd, end)
  if (end > bytes.length || (crc32(compressed) | 0) !== numberOf(struct.get(4)))
    throw new RangeError('the checksum of a page does not hold')
  const type = numberOf(struct.get(1))
  const about = structOf(struct.get(type === PAGE.dictionary ? 7 : 5))
  const maxOutputLength = Math.max(1, numberOf(struct.get(2)))
  return {
    type,
    count: numberOf(about.get(1)),
    encoding: numberOf(about.get(2)),
    body: zstdDecompressSync(compressed, { maxOutputLength }),
    end,
  }
}

function withoutLength(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = 4 + view.getUint32(0, true)
  if (end > bytes.length) throw new RangeError(`${end} bytes of ${bytes.length}`)
  return bytes.subarray(4, end)
}

function textsIn({ body, count }: Page): string[] {
  const texts: string[] = []
  for (let at = 0; texts.length < count; ) {
    const text = withoutLength(body.subarray(at))
    texts.push(Buffer.from(text).toString('utf8'))
    at += 4 + text.length
  }
  return texts
}

function plainNumbers(bytes: Uint8Array, physical: number, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = new Float64Array(count)
  for (let i = 0; i < count; i++)
    numbers[i] =
      physical === PHYSICAL.double
        ? view.getFloat64(i * 8, true)
        : physical === PHYSICAL.int32
          ? view.getInt32(i * 4, true)
          : wholeAt(bytes, i * 8)
  return numbers
}

function joinStreams(bytes: Uint8Array): Uint8Array {
  const count = bytes.length / 8
  const out = new Uint8Array(bytes.length)
  for (let i = 0; i < count; i++) for (let byte = 0; byte < 8; byte++) out[i * 8 + byte] = bytes[byte * count + i] as number
  return out
}
