import { TICK_TYPES } from '@ib-stream/model'
import { FIELD_BIT, type FieldKey, type TickColumns } from '@ib-stream/storage'
import { TakenWriter } from '@ib-stream/storage/arrow'
import {
  Bool,
  type Data,
  Dictionary,
  Field,
  Float64,
  Int8,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { LONG_NAMES } from './expanded.ts'

const STAMP = new TimestampMicrosecond('UTC')
const TYPE = new Dictionary(new Utf8(), new Int8(), 0)
const TYPE_NAMES = vectorFromArray([...TICK_TYPES], new Utf8())
const NUMBERS = ['p', 's', 'bp', 'bs', 'ap', 'as', 'mp'] as const
const TEXTS = ['ex', 'sc'] as const
const FLAGS = ['bpl', 'aph', 'upt', 'pl', 'bf'] as const
const CORE = [
  ['ts', STAMP],
  ['st', STAMP],
  ['cid', new Int32()],
  ['tt', TYPE],
  ['rid', new Int32()],
] as const

const schemaOf = (nameOf: (key: FieldKey) => string): Schema =>
  new Schema([
    ...CORE.map(([key, type]) => new Field(nameOf(key), type, false)),
    ...NUMBERS.map((key) => new Field(nameOf(key), new Float64(), true)),
    ...TEXTS.map((key) => new Field(nameOf(key), new Utf8(), true)),
    ...FLAGS.map((key) => new Field(nameOf(key), new Bool(), false)),
  ])

const SCHEMA = schemaOf((key) => key)
const LONG_SCHEMA = schemaOf((key) => LONG_NAMES[key])

/** An Arrow IPC stream of columns: `ts` and `st` as timestamps of µs in UTC, `tt` as a dictionary, what a tick does not carry as null, flags as booleans. */
export async function* arrowStream(
  batches: AsyncIterable<TickColumns>,
  { expanded }: { expanded: boolean },
): AsyncGenerator<Uint8Array, void, undefined> {
  const schema = expanded ? LONG_SCHEMA : SCHEMA
  const writer = new TakenWriter()
  writer.reset(undefined, schema)
  for await (const columns of batches) {
    writer.write(new RecordBatch(schema, structOf(schema, columns)))
    yield writer.take()
  }
  writer.finish()
  yield writer.take()
}

function structOf(schema: Schema, columns: TickColumns): Data<Struct> {
  const { length, fields } = columns
  const children: Data[] = [
    stamps(columns.ts),
    stamps(columns.st),
    makeData({ type: new Int32(), length, nullCount: 0, data: columns.cid }),
    makeData({ type: TYPE, length, nullCount: 0, data: Int8Array.from(columns.tt), dictionary: TYPE_NAMES }),
    makeData({ type: new Int32(), length, nullCount: 0, data: columns.rid }),
    ...NUMBERS.map((key) => makeData({ type: new Float64(), length, ...nullsOf(fields, FIELD_BIT[key]), data: columns[key] })),
    ...TEXTS.map((key) => texts(columns[key], fields, FIELD_BIT[key])),
    ...FLAGS.map((key) => makeData({ type: new Bool(), length, nullCount: 0, data: bitsOf(fields, FIELD_BIT[key]).bits })),
  ]
  return makeData({ type: new Struct(schema.fields), length, nullCount: 0, children })
}

function stamps(us: Float64Array): Data {
  const data = new BigInt64Array(us.length)
  for (let i = 0; i < us.length; i++) data[i] = BigInt(us[i] ?? 0)
  return makeData({ type: STAMP, length: us.length, nullCount: 0, data })
}

function texts(list: readonly (string | undefined)[], fields: Uint32Array, bit: number): Data {
  const { length } = fields
  const valueOffsets = new Int32Array(length + 1)
  const parts: Buffer[] = []
  let end = 0
  for (let i = 0; i < length; i++) {
    const text = list[i]
    if (text !== undefined) {
      const bytes = Buffer.from(text, 'utf8')
      parts.push(bytes)
      end += bytes.length
    }
    valueOffsets[i + 1] = end
  }
  return makeData({ type: new Utf8(), length, ...nullsOf(fields, bit), valueOffsets, data: Uint8Array.from(Buffer.concat(parts)) })
}

function nullsOf(fields: Uint32Array, bit: number): { nullCount: number; nullBitmap: Uint8Array } {
  const { bits, count } = bitsOf(fields, bit)
  return { nullCount: fields.length - count, nullBitmap: bits }
}

/** One bit a row, as Arrow packs them: set where the tick carries the field. */
function bitsOf(fields: Uint32Array, bit: number): { bits: Uint8Array; count: number } {
  const bits = new Uint8Array(Math.ceil(fields.length / 64) * 8)
  let count = 0
  for (let i = 0; i < fields.length; i++) {
    if (((fields[i] ?? 0) & bit) === 0) continue
    bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
    count += 1
  }
  return { bits, count }
}
