import { isTickType, type TickType } from '@ib-stream/model'
import type { Chunk } from './encode-chunk.ts'
import { CODEC_ZSTD, CONVERTED, PHYSICAL, REPETITION } from './parquet-numbers.ts'
import { COLUMNS, type Column, DECIMAL_DIGITS, type Scales } from './schema.ts'
import { decodeThrift, encodeThrift, type ThriftStruct, type ThriftValue, type Written } from './thrift-compact.ts'

/** Ticks of one hour in a sealed file. */
export interface SealedHour {
  /** First µs of the UTC hour. */
  hourUs: number
  count: number
  firstTs: number
  lastTs: number
  /** Newest `st`, µs UTC. */
  lastSt: number
}

/** What a sealed file says of itself, as JSON under the key `ib_stream` of its metadata. */
export interface SealedFacts {
  /** Of the layout of these files. */
  version: 1
  cid: number
  tt: TickType
  /** The recording; left out in files that were imported. */
  spoolId?: string
  source?: 'gateway' | 'simulator'
  /** Log sequence up to which the file holds its hours, all of the partition's messages considered; 0: it holds none by the log. */
  seq: number
  count: number
  hours: readonly SealedHour[]
  /** CRC-32C of all bytes up to the end of the last page. */
  crc32c: number
}

/**
 * Log sequence up to which a sealed file holds its hours, as a recording counts it. Sequences of another recording (a day that was fetched from the archive, or that
 * outlived its log) say nothing about this one: such a file holds none of its messages.
 * @param recording `spoolId` of the recording that asks; undefined where there is none
 */
export const heldSeq = ({ seq, spoolId }: Pick<SealedFacts, 'seq' | 'spoolId'>, recording: string | undefined): number =>
  spoolId === undefined || recording === undefined || spoolId === recording ? seq : 0

/** One column of a row group in the file. */
export interface ChunkPlace {
  /** Where its first page begins, and its bytes with all page headers. */
  offsetBytes: number
  bytes: number
}

export interface RowGroup {
  rows: number
  /** In the order of the schema. */
  chunks: readonly ChunkPlace[]
  /** Bounds of `time`, µs UTC. */
  firstTs: number
  lastTs: number
}

export interface Footer {
  facts: SealedFacts
  scales: Scales
  groups: readonly RowGroup[]
}

export const FACTS_KEY = 'ib_stream'
const MADE_BY = 'ib-stream'

/** A row group as the writer has it. */
export interface WrittenGroup {
  rows: number
  offsetBytes: number
  chunks: readonly Chunk[]
}

export function encodeFooter(groups: readonly WrittenGroup[], facts: SealedFacts, scales: Scales): Uint8Array {
  const columns = COLUMNS[facts.tt]
  return encodeThrift({
    1: { i32: 2 },
    2: { list: [root(columns.length), ...columns.map((column) => element(column, scales))] },
    3: { i64: facts.count },
    4: { list: groups.map((group) => rowGroup(group, columns)) },
    5: { list: [{ struct: { 1: { text: FACTS_KEY }, 2: { text: JSON.stringify(facts) } } }] },
    6: { text: MADE_BY },
    7: { list: columns.map(() => ({ struct: { 1: { struct: {} } } })) }, // bounds are in the order of each type
  })
}

const root = (children: number): Written => ({ struct: { 4: { text: 'ticks' }, 5: { i32: children } } })

function element({ name, kind, optional }: Column, scales: Scales): Written {
  const physical = physicalOf(kind, scales)
  const repetition = { i32: optional ? REPETITION.optional : REPETITION.required }
  const about = { 1: { i32: physical }, 3: repetition, 4: { text: name } }
  const logical = (id: number, fields: Record<number, Written> = {}): Written => ({ struct: { [id]: { struct: fields } } })
  if (kind === 'time')
    return { struct: { ...about, 6: { i32: CONVERTED.timestampMicros }, 10: logical(8, { 1: { bool: true }, 2: logical(2) }) } }
  if (kind === 'text') return { struct: { ...about, 6: { i32: CONVERTED.utf8 }, 10: logical(1) } }
  const scale = kind === 'price' || kind === 'size' ? scales[kind] : undefined
  if (scale === undefined) return { struct: about }
  const decimal = { 7: { i32: scale }, 8: { i32: DECIMAL_DIGITS }, 10: logical(5, { 1: { i32: scale }, 2: { i32: DECIMAL_DIGITS } }) }
  return { struct: { ...about, 6: { i32: CONVERTED.decimal }, ...decimal } }
}

export function physicalOf(kind: Column['kind'], scales: Scales): number {
  switch (kind) {
    case 'time':
      return PHYSICAL.int64
    case 'int':
      return PHYSICAL.int32
    case 'text':
      return PHYSICAL.bytes
    case 'flag':
      return PHYSICAL.boolean
    case 'price':
    case 'size':
      return scales[kind] === undefined ? PHYSICAL.double : PHYSICAL.int64
  }
}

function rowGroup({ rows, offsetBytes, chunks }: WrittenGroup, columns: readonly Column[]): Written {
  let at = offsetBytes
  const list: Written[] = []
  for (const [index, chunk] of chunks.entries()) {
    list.push(columnChunk(chunk, columns[index]?.name ?? '', at))
    at += chunk.bytes.length
  }
  const uncompressed = chunks.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0)
  const ascending = (column: number): Written => ({ struct: { 1: { i32: column }, 2: { bool: false }, 3: { bool: false } } })
  return {
    struct: {
      1: { list },
      2: { i64: uncompressed },
      3: { i64: rows },
      4: { list: [ascending(0), ascending(1)] },
      5: { i64: offsetBytes },
      6: { i64: at - offsetBytes },
    },
  }
}

function columnChunk(chunk: Chunk, name: string, offsetBytes: number): Written {
  const { least, most, nulls } = chunk
  const bounds = least && most ? { 5: { binary: most }, 6: { binary: least } } : {}
  return {
    struct: {
      2: { i64: 0 },
      3: {
        struct: {
          1: { i32: chunk.physical },
          2: { list: chunk.encodings.map((encoding) => ({ i32: encoding })) },
          3: { list: [{ text: name }] },
          4: { i32: CODEC_ZSTD },
          5: { i64: chunk.rows },
          6: { i64: chunk.uncompressedBytes },
          7: { i64: chunk.bytes.length },
          9: { i64: offsetBytes + chunk.dictionaryBytes },
          11: chunk.dictionaryBytes > 0 ? { i64: offsetBytes } : undefined,
          12: { struct: { 3: { i64: nulls }, ...bounds } },
        },
      },
    },
  }
}

/**
 * Reads a footer that {@link encodeFooter} wrote.
 * @throws RangeError, SyntaxError for one that is another's, or damaged
 */
export function decodeFooter(bytes: Uint8Array): Footer {
  const { struct } = decodeThrift(bytes)
  const facts = factsIn(listOf(struct.get(5)))
  const columns = COLUMNS[facts.tt]
  const elements = listOf(struct.get(2)).slice(1).map(structOf)
  for (const [index, { name }] of columns.entries())
    if (textOf(elements[index]?.get(4)) !== name) throw new RangeError(`column ${index} is not ${name}`)
  if (elements.length !== columns.length) throw new RangeError(`${elements.length} columns`)
  const scaleOf = (kind: 'price' | 'size') => {
    const index = columns.findIndex((column) => column.kind === kind)
    return index < 0 ? undefined : (elements[index]?.get(7) as number | undefined)
  }
  const groups = listOf(struct.get(4)).map((group) => groupOf(structOf(group), columns.length))
  return { facts, scales: { price: scaleOf('price'), size: scaleOf('size') }, groups }
}

function factsIn(pairs: readonly ThriftValue[]): SealedFacts {
  const pair = pairs.map(structOf).find((each) => textOf(each.get(1)) === FACTS_KEY)
  if (pair === undefined) throw new RangeError('it was not written by ib-stream')
  const facts = JSON.parse(textOf(pair.get(2))) as Partial<SealedFacts>
  if (facts.version !== 1) throw new RangeError(`version ${facts.version} of the layout is not known`)
  if (
    !isTickType(facts.tt) ||
    ![facts.cid, facts.seq, facts.count, facts.crc32c].every(Number.isSafeInteger) ||
    !Array.isArray(facts.hours)
  )
    throw new RangeError('its metadata is not whole')
  return facts as SealedFacts
}

function groupOf(group: ThriftStruct, columnCount: number): RowGroup {
  const metas = listOf(group.get(1)).map((chunk) => structOf(structOf(chunk).get(3)))
  if (metas.length !== columnCount) throw new RangeError(`a row group of ${metas.length} columns`)
  const bounds = structOf(metas[0]?.get(12))
  return {
    rows: numberOf(group.get(3)),
    chunks: metas.map((meta) => ({ offsetBytes: numberOf(meta.get(11) ?? meta.get(9)), bytes: numberOf(meta.get(7)) })),
    firstTs: wholeAt(bytesOf(bounds.get(6))),
    lastTs: wholeAt(bytesOf(bounds.get(5))),
  }
}

/** A plain INT64 that is a whole double. */
export function wholeAt(bytes: Uint8Array, at = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}

function listOf(value: ThriftValue | undefined): ThriftValue[] {
  if (Array.isArray(value)) return value
  throw new RangeError('a list is missing')
}

export function structOf(value: ThriftValue | undefined): ThriftStruct {
  if (value instanceof Map) return value
  throw new RangeError('a struct is missing')
}

export function numberOf(value: ThriftValue | undefined): number {
  if (typeof value === 'number') return value
  throw new RangeError('a number is missing')
}

function bytesOf(value: ThriftValue | undefined): Uint8Array {
  if (typeof value === 'object' && 'byteLength' in value) return value
  throw new RangeError('bytes are missing')
}

const textOf = (value: ThriftValue | undefined): string => Buffer.from(bytesOf(value)).toString('utf8')
