// The storage engine on this machine: bytes a tick in every form; the codecs beside JSON.parse, JSON.stringify and protobufjs; appending with checkpoints; ranges as
// objects, columns and bytes; one hour as SQLite, DuckDB and a tree of the form before would answer it; an archive of a year; the memory of a large query.
// `npm run bench -- storage [--day FILE.jsonl[.gz]] [--ticks 1000000] [--rounds 5] [--only sizes,codecs,append,ranges,peers,archive,memory] [--result FILE]`: FILE is a real day of
// v3 lines (by default the one beside the checkout, or IB_STREAM_REAL_DAY; without one only the model day is measured). Each section is a process of its own. Codecs are
// timed by the thread's own CPU time, raw bytes against a bare loop by that of the process, all else by the clock. Runs are interleaved, medians taken and their spread
// given; answers are held to the very ticks before their speed is given; ends with 1 where a figure is not what it must be.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { hasRealDay, REAL_DAY } from '../test/support/tape-source.ts'
import { DUCKDB } from './duckdb.ts'
import { runSections } from './run-sections.ts'
import { SECTIONS } from './storage/sections.ts'

const { values } = parseArgs({
  options: {
    day: { type: 'string', default: hasRealDay ? REAL_DAY : '' },
    ticks: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: SECTIONS.join() },
    result: { type: 'string', default: 'bench/results/storage.json' },
  },
})
const peers = { protobufjs: await versionOf('protobufjs'), sqlite: process.versions.sqlite ?? '?', duckdb: DUCKDB }
await runSections({
  bench: 'storage',
  script: new URL('./storage/section.ts', import.meta.url),
  args: [values.day, values.ticks, values.rounds],
  known: SECTIONS,
  wanted: values.only,
  peers,
  result: values.result,
})

async function versionOf(name: string): Promise<string> {
  const text = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
