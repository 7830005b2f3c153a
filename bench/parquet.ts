// The archive: bytes a tick and what they are spent on; questions answered from it beside DuckDB's own tables; a day out of a year as out of a day.
// `npm run bench -- parquet [--day FILE.jsonl[.gz]] [--ticks 300000] [--scale 1] [--rounds 7] [--only sizes,queries,year] [--result FILE]`: FILE is a real day of v3 lines (by default
// the one beside the checkout, or IB_STREAM_REAL_DAY). Sizes are of that day and of a model day of so many ticks; questions are asked of a million quotes times the scale. Each section
// is a process of its own. Ends with 1 where a figure is not what it must be.
import { parseArgs } from 'node:util'
import { hasRealDay, REAL_DAY } from '../test/support/tape-source.ts'
import { DUCKDB } from './duckdb.ts'
import { SECTIONS } from './parquet/sections.ts'
import { runSections } from './run-sections.ts'

const { values } = parseArgs({
  options: {
    day: { type: 'string', default: hasRealDay ? REAL_DAY : '' },
    ticks: { type: 'string', default: '300000' },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: SECTIONS.join() },
    result: { type: 'string', default: 'bench/results/parquet.json' },
  },
})
await runSections({
  bench: 'parquet',
  script: new URL('./parquet/section.ts', import.meta.url),
  args: [values.day, values.ticks, values.scale, values.rounds],
  known: SECTIONS,
  wanted: values.only,
  peers: { duckdb: DUCKDB },
  result: values.result,
})
