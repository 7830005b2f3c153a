import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdCompressSync } from 'node:zlib'
import type { ColumnValues } from './column-values.ts'
import { type DeltaShape, encodeDelta, MAX_SPREAD } from './delta.ts'
import { ENCODING, PAGE, PHYSICAL } from './parquet-numbers.ts'
import { encodeBits, encodePlaces } from './rle.ts'
import { encodeThrift, type Fields } from './thrift-compact.ts'

/** A column of a row group, as bytes, and what the footer says of them. */
export interface Chunk {
  bytes: Uint8Array
  physical: number
  encodings: readonly number[]
  /** Rows, those without a value too. */
  rows: number
  nulls: number
  uncompressedBytes: number
  /** Of the dictionary's page, at the start; 0 where there is none. */
  dictionaryBytes: number
  /** Least and greatest value as a plain one is spelled; undefined where the engines have no use for them. */
  least: Uint8Array | undefined
  most: Uint8Array | undefined
}

/** The level at which encodings are compared: the high ones choose the same, and take twenty times the time. */
const TRIAL_LEVEL = 9

/** Encodes a column in each way that suits it and keeps what zstd makes smallest. */
export async function encodeChunk(column: ColumnValues, physical: number, rows: number, level: number): Promise<Chunk> {
  const presence = column.present === undefined ? undefined : levelsOf(column.present)
  const trialLevel = Math.min(level, TRIAL_LEVEL)
  const trials = await Promise.all(
    waysOf(column, physical).map(async (way) => ({ way, pages: await pagesOf(way, presence, rows, trialLevel) })),
  )
  const [best] = trials.sort((a, b) => sizeOf(a.pages) - sizeOf(b.pages))
  if (best === undefined) throw new TypeError('a column without an encoding')
  const { way } = best
  const pages = level === trialLevel ? best.pages : await pagesOf(way, presence, rows, level)
  const levels = presence === undefined ? [] : [ENCODING.rle]
  return {
    bytes: Buffer.concat(pages.map(({ bytes }) => bytes)),
    physical,
    encodings: [...(way.dictionary ? [ENCODING.plain] : []), way.encoding, ...levels],
    rows,
    nulls: column.form === 'flag' ? 0 : rows - column.values.length,
    uncompressedBytes: pages.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0),
    dictionaryBytes: way.dictionary ? (pages[0]?.bytes.length ?? 0) : 0,
    ...boundsOf(column, physical),
  }
}

/** One encoding of the values of a column. */
interface Way {
  encoding: number
  values: Uint8Array
  dictionary?: { values: Uint8Array; count: number }
}

const MOST_DISTINCT = 65_536
const DELTA_SHAPES: readonly DeltaShape[] = [
  { block: 128, miniblocks: 4, widths: 'each', unitBits: 8 },
  { block: 1024, miniblocks: 8, widths: 'same', unitBits: 8 },
  { block: 1024, miniblocks: 16, widths: 'each', unitBits: 1 },
]

function waysOf(column: ColumnValues, physical: number): Way[] {
  if (column.form === 'flag') return [{ encoding: ENCODING.rle, values: withLength(encodeBits(column.values)) }]
  if (column.form === 'text')
    return [dictionaryOf(column.values, (texts) => Buffer.concat(texts.map((text) => withLength(Buffer.from(text)))))]
  const { values } = column
  const ways: Way[] = []
  const distinct = new Set(values).size
  const isListed = physical !== PHYSICAL.double || !values.some((value) => Object.is(value, -0)) // a Set and a Map take −0 for 0
  if (isListed && distinct <= Math.min(MOST_DISTINCT, Math.max(1, values.length / 2)))
    ways.push(dictionaryOf(values, (numbers) => plain(numbers, physical)))
  if (column.form === 'whole' && physical === PHYSICAL.int64 && spreadOf(values) < MAX_SPREAD) {
    for (const shape of DELTA_SHAPES) ways.push({ encoding: ENCODING.delta, values: encodeDelta(values, shape) })
  }
  if (ways.length > 0) return ways
  const bytes = plain(values, physical)
  return [
    physical === PHYSICAL.double ? { encoding: ENCODING.split, values: splitStreams(bytes) } : { encoding: ENCODING.plain, values: bytes },
  ]
}

function dictionaryOf<Value extends number | string>(
  values: ArrayLike<Value> & Iterable<Value>,
  encode: (distinct: readonly Value[]) => Uint8Array,
): Way {
  const places = new Map<Value, number>()
  for (const value of values) places.set(value, 0)
  const distinct = [...places.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  for (const [place, value] of distinct.entries()) places.set(value, place)
  const list = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) list[i] = places.get(values[i] as Value) as number
  return {
    encoding: ENCODING.dictionary,
    values: encodePlaces(list, distinct.length),
    dictionary: { values: encode(distinct), count: distinct.length },
  }
}

function spreadOf(values: Float64Array): number {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  return values.length === 0 ? 0 : most - least
}

const BYTES: Record<number, number> = { [PHYSICAL.int32]: 4, [PHYSICAL.int64]: 8, [PHYSICAL.double]: 8 }

/** Numbers one after the other, lowest byte first. */
export function plain(values: ArrayLike<number>, physical: number): Uint8Array {
  const width = BYTES[physical] as number
  const view = new DataView(new ArrayBuffer(values.length * width))
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (physical === PHYSICAL.double) view.setFloat64(i * width, value, true)
    else {
      view.setUint32(i * width, (value % 2 ** 32) | 0, true)
      if (physical === PHYSICAL.int64) view.setInt32(i * width + 4, Math.floor(value / 2 ** 32), true)
    }
  }
  return new Uint8Array(view.buffer)
}

/** BYTE_STREAM_SPLIT: all first bytes of the values, then all second ones. */
function splitStreams(bytes: Uint8Array): Uint8Array {
  const count = bytes.length / 8
  const out = new Uint8Array(bytes.length)
  for (let i = 0; i < count; i++) for (let byte = 0; byte < 8; byte++) out[byte * count + i] = bytes[i * 8 + byte] as number
  return out
}

function boundsOf(column: ColumnValues, physical: number): { least: Uint8Array | undefined; most: Uint8Array | undefined } {
  if (column.form === 'flag' || column.form === 'text' || column.values.length === 0) return { least: undefined, most: undefined }
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of column.values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  // −0 and 0 are equal but not for every engine that compares bytes: the bounds hold both
  return { least: plain([least === 0 && physical === PHYSICAL.double ? -0 : least], physical), most: plain([most + 0], physical) }
}

interface Page {
  bytes: Uint8Array
  uncompressedBytes: number
}

const sizeOf = (pages: readonly Page[]): number => pages.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** Which rows have a value, with the length in front that a page of the first version wants. */
const levelsOf = (present: Uint8Array): Uint8Array => withLength(encodeBits(present))

async function pagesOf(way: Way, presence: Uint8Array | undefined, rows: number, level: number): Promise<Page[]> {
  const { dictionary, encoding, values } = way
  const pages: Page[] = []
  if (dictionary) {
    const about = { 7: { struct: { 1: { i32: dictionary.count }, 2: { i32: ENCODING.plain } } } }
    pages.push(await pageOf(PAGE.dictionary, dictionary.values, about, level))
  }
  const about = { 5: { struct: { 1: { i32: rows }, 2: { i32: encoding }, 3: { i32: ENCODING.rle }, 4: { i32: ENCODING.rle } } } }
  pages.push(await pageOf(PAGE.data, presence === undefined ? values : Buffer.concat([presence, values]), about, level))
  return pages
}

const compress = promisify(zstdCompress)
/** Handing so little to another thread takes longer than doing it. */
const AT_ONCE_BELOW_BYTES = 16 * 1024

/** With the CRC-32 that the format has for a page. */
async function pageOf(type: number, body: Uint8Array, about: Fields, level: number): Promise<Page> {
  // told the size, zstd makes its tables no larger than that: small pages take a tenth of the time
  const options = { params: { [constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: body.length }
  const compressed = body.length < AT_ONCE_BELOW_BYTES ? zstdCompressSync(body, options) : await compress(body, options)
  const header = encodeThrift({
    1: { i32: type },
    2: { i32: body.length },
    3: { i32: compressed.length },
    4: { i32: crc32(compressed) | 0 },
    ...about,
  })
  return { bytes: Buffer.concat([header, compressed]), uncompressedBytes: header.length + body.length }
}

function withLength(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + bytes.length)
  new DataView(out.buffer).setUint32(0, bytes.length, true)
  out.set(bytes, 4)
  return out
}
