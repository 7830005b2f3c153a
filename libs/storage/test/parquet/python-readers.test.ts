import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { findPython } from '../../../../test/support/python.ts'
import { COLUMNS } from '../../src/parquet/schema.ts'
import { encodeSealed, LEVEL } from '../../src/parquet/seal-columns.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { arbitraryTicks, inQueryOrder } from './sealed-ticks.ts'

const PAGE = readFileSync('docs/reference/parquet.md', 'utf8')

/** Sets `table` to an Arrow table of the whole archive below `data/parquet`. */
const READS: Readonly<Record<string, string>> = {
  pyarrow: `${/## pyarrow.*?```python\n(.*?)```/s.exec(PAGE)?.[1]}\ntable = archive.to_table()`,
  duckdb: `import duckdb\nimport pyarrow\ntable = duckdb.sql("FROM read_parquet('data/parquet/**/*.parquet', hive_partitioning = true, union_by_name = true)").to_arrow_table()`,
  pandas: `import glob
import pandas as pd
import pyarrow as pa
files = []
for path in glob.glob('data/parquet/*/*/*/*.parquet'):
    cid, tt = (part.split('=')[1] for part in path.split('/')[2:4])
    files.append(pa.Table.from_pandas(pd.read_parquet(path, dtype_backend='pyarrow').assign(cid=int(cid), tt=tt)))
table = pa.concat_tables(files, promote_options='permissive')`,
}

/** A row a line. Times as whole µs; a DECIMAL as the double next to it. */
const DUMP = `
import decimal, json, sys
for name in ('time', 'received'):
    at = table.schema.get_field_index(name)
    table = table.set_column(at, name, table.column(name).cast('timestamp[us]').cast('int64'))
for row in table.to_pylist():
    row['cid'] = int(row['cid'])
    print(json.dumps({key: float(value) if isinstance(value, decimal.Decimal) else value for key, value in row.items() if key != 'date'}))
`

/** Ticks of several contracts and types, those of one contract with other decimals on each of its days. */
function archiveTicks(): TickMessage[][] {
  const sets = fc.sample(arbitraryTicks, { numRuns: 60, seed: 4 })
  return sets.map((ticks, n) => ticks.map((tick) => ({ ...tick, cid: 1 + (n % 3) })))
}

/** A tick as all columns of the archive have it: what other tick types have is NULL. */
function rowOf(tick: TickMessage): Record<string, unknown> {
  const given = tick as unknown as Record<string, unknown>
  const own = COLUMNS[tick.tt].map(({ name, key, kind }) => [name, kind === 'flag' ? given[key] === true : (given[key] ?? null)])
  const none = TICK_TYPES.flatMap((tt) => COLUMNS[tt].map(({ name }) => [name, null]))
  return { ...Object.fromEntries(none), ...Object.fromEntries(own), cid: tick.cid, tt: tick.tt }
}

/** To 15 digits: where one file has DECIMALs and another doubles, readers cast what they cannot add up exactly. */
const rounded = (row: Record<string, unknown>): string =>
  JSON.stringify(
    Object.entries(row)
      .map(([name, value]) => [name, typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  )

it.each(Object.keys(READS))(
  '%s reads an archive of several contracts, types and decimals as it lies',
  async (library) => {
    const python = await findPython([library, 'pyarrow'])
    if (python === undefined)
      return void process.stderr.write(`NOT TESTED: the archive read by ${library}: no Python with ${library} and pyarrow here\n`)
    await using at = await temporaryDataDir()
    const written: TickMessage[] = []
    for (const [n, ticks] of archiveTicks().entries()) {
      const [first] = inQueryOrder(ticks)
      if (first === undefined) continue
      const path = join(
        at.dataDir,
        `data/parquet/cid=${first.cid}/tt=${first.tt}/date=2025-0${1 + (n % 9)}-${(10 + n / 9) | 0}/${10 + (n % 7)}.parquet`,
      )
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, (await encodeSealed(ticks, { cid: first.cid, tt: first.tt, seq: 1 }, LEVEL.hour)).bytes)
      written.push(...ticks)
    }
    const { stdout } = await promisify(execFile)(python, ['-c', `${READS[library]}${DUMP}`], { cwd: at.dataDir, maxBuffer: 1e9 })
    const read = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(read.map(rounded).toSorted()).toEqual(written.map(rowOf).map(rounded).toSorted())
  },
  60_000,
)
