import { open } from 'node:fs/promises'
import { TakenWriter } from '@ib-stream/storage/arrow'
import {
  Bool,
  type Data,
  type DataType,
  DateDay,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import type { DuckdbConnection } from './load-duckdb.ts'

/** How a column goes over: what of it is asked for, and what Arrow calls that. */
interface Crossing {
  type: DataType
  /** @param name quoted */
  ask: (name: string) => string
  data: (type: DataType, values: readonly unknown[]) => Data
}

const WHOLE: Crossing = { type: new Int64(), ask: (name) => `${name}::BIGINT`, data: bigints }
const NUMBER: Crossing = { type: new Float64(), ask: (name) => `${name}::DOUBLE`, data: doubles }
const FLAG: Crossing = { type: new Bool(), ask: (name) => name, data: listed }
const TEXT: Crossing = { type: new Utf8(), ask: (name) => `${name}::VARCHAR`, data: listed }
const MOMENT: Crossing = { type: new TimestampMicrosecond('UTC'), ask: (name) => `epoch_us(${name})`, data: bigints }
const DAY: Crossing = { type: new DateDay(), ask: (name) => `(${name} - DATE '1970-01-01')::INTEGER`, data: days }

function crossingOf(duckdbType: string): Crossing {
  if (/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/.test(duckdbType)) return WHOLE
  if (/^(FLOAT|DOUBLE|DECIMAL.*|HUGEINT|UBIGINT|UHUGEINT)$/.test(duckdbType)) return NUMBER
  if (duckdbType === 'BOOLEAN') return FLAG
  if (duckdbType.startsWith('TIMESTAMP')) return MOMENT
  return duckdbType === 'DATE' ? DAY : TEXT
}

/**
 * Writes the result of a statement as a stream of Arrow: whole numbers as 64 bits, all others (DECIMAL too) as doubles, moments in µs UTC, dates, booleans, and text of
 * everything else. Memory: some thousand rows.
 */
export async function writeArrow(connection: DuckdbConnection, statement: string, path: string): Promise<void> {
  const described = await connection.runAndReadUntil(`DESCRIBE SELECT * FROM (${statement}\n)`, Number.MAX_SAFE_INTEGER)
  const columns = described.getRowsJson().map(([name, type]) => ({ name: String(name), ...crossingOf(String(type)) }))
  const schema = new Schema(columns.map(({ name, type }) => new Field(name, type, true)))
  const asked = columns.map(({ name, ask }) => `${ask(identifier(name))} AS ${identifier(name)}`).join(', ')
  const writer = new TakenWriter()
  writer.reset(undefined, schema)
  await using file = await open(path, 'w')
  for await (const chunk of await connection.stream(`SELECT ${asked} FROM (${statement}\n)`)) {
    const children = columns.map(({ type, data }, nth) => data(type, chunk.getColumnValues(nth)))
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: chunk.rowCount, nullCount: 0, children })))
    await file.write(writer.take())
  }
  writer.finish()
  await file.write(writer.take())
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

function bigints(type: DataType, values: readonly unknown[]): Data {
  const data = BigInt64Array.from(values, (value) => (typeof value === 'bigint' ? value : 0n))
  return makeData({ type: type as Int64, length: values.length, ...nullsOf(values), data })
}

function doubles(type: DataType, values: readonly unknown[]): Data {
  const data = Float64Array.from(values, (value) => (typeof value === 'number' ? value : 0))
  return makeData({ type: type as Float64, length: values.length, ...nullsOf(values), data })
}

function days(type: DataType, values: readonly unknown[]): Data {
  const data = Int32Array.from(values, (value) => (typeof value === 'number' ? value : 0))
  return makeData({ type: type as DateDay, length: values.length, ...nullsOf(values), data })
}

function listed(type: DataType, values: readonly unknown[]): Data {
  const [data] = vectorFromArray(values, type).data
  return data ?? makeData({ type: new Utf8(), length: 0 })
}

function nullsOf(values: readonly unknown[]): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8))
  let nullCount = 0
  for (const [row, value] of values.entries()) {
    if (value === null) nullCount++
    else nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return { nullCount, nullBitmap }
}
