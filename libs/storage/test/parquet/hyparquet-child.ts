/** Reads Parquet files by a library that knows nothing of us, and says what is in them, a JSON line a file. Run by other-readers.test.ts, because Jest does not load its modules. */
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'

for (const path of process.argv.slice(2)) {
  const file = await asyncBufferFromFile(path)
  const parsers = { timestampFromMicroseconds: Number }
  const metadata = await parquetMetadataAsync(file, { parsers })
  const rows = await parquetReadObjects({
    file,
    compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
    parsers,
  })
  const decimals = new Map(
    metadata.schema.map(({ name, converted_type, scale }) => [name, converted_type === 'DECIMAL' ? scale : undefined]),
  )
  // it makes a DECIMAL a double by a multiplication, which is not exact
  const exact = (name: string, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(decimals.get(name) ?? 0)) : value)
  const read = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, decimals.get(name) === undefined ? value : exact(name, value)])),
  )
  const groups = metadata.row_groups.map(({ columns }) => columns[0]?.meta_data?.statistics)
  const bounds = groups.map((statistics) => [Number(statistics?.min_value), Number(statistics?.max_value)])
  process.stdout.write(`${JSON.stringify({ rows: read, keys: metadata.key_value_metadata?.map(({ key }) => key), bounds })}\n`)
}
