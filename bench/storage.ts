// The storage engine on this machine: bytes a tick in every form; the codecs beside JSON.parse, JSON.stringify and protobufjs; appending with checkpoints; ranges as
// objects, columns and bytes; one hour as SQLite, DuckDB and a tree of the form before would answer it; an archive of a year; the memory of a large query.
// `npm run bench -- storage [--day FILE.jsonl[.gz]] [--ticks 1000000] [--rounds 5] [--only sizes,codecs,append,ranges,peers,archive,memory] [--result FILE]`: FILE is a real day of
// v3 lines (by default the one beside the checkout, or IB_STREAM_REAL_DAY; without one only the model day is measured). Each section is a process of its own. Codecs are
// timed by the thread's own CPU time, raw bytes against a bare loop by that of the process, all else by the clock. Runs are interleaved, medians taken and their spread
// given; answers are held to the very ticks before their speed is given; ends with 1 where a figure is not what it must be.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { hasRealDay, REAL_DAY } from '../test/support/tape-source.ts'
import { DUCKDB } from './duckdb.ts'
import { type Figure, lineOf, reaches } from './storage/figure.ts'
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
const wanted = values.only.split(',')
const unknown = wanted.find((name) => !(SECTIONS as readonly string[]).includes(name))
if (unknown !== undefined) throw new Error(`--only ${unknown}: none of ${SECTIONS.join(', ')}`)

const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
const peers = { protobufjs: await versionOf('protobufjs'), sqlite: process.versions.sqlite, duckdb: DUCKDB }
const machine = { cpu: cpus()[0]?.model ?? '?', cores: cpus().length, memoryGb: Math.round(totalmem() / 1e9), loadBefore: loadavg()[0] }
const made = { commit, node: process.version, v8: process.versions.v8, ...peers, machine }
const command = `npm run bench -- storage ${process.argv.slice(2).join(' ')}`.trim()
process.stdout.write(`${command}\n${JSON.stringify(made)}\n`)

const figures: Figure[] = []
const seconds: Record<string, number> = {}
for (const name of wanted) {
  const startedMs = performance.now()
  const found = await figuresOf(name)
  seconds[name] = Math.round((performance.now() - startedMs) / 1_000)
  process.stdout.write(`\n${name} (${seconds[name]} s)\n${found.map((figure) => `${lineOf(figure)}\n`).join('')}`)
  figures.push(...found)
}
const missed = figures.filter((figure) => !reaches(figure))
process.stdout.write(missed.length === 0 ? '\nall that must be reached is reached\n' : `\n${missed.length} not reached\n`)
await mkdir(dirname(values.result), { recursive: true })
const record = { command, at: new Date().toISOString(), ...made, loadAfter: loadavg()[0], ticks: Number(values.ticks), seconds, figures }
await writeFile(values.result, `${JSON.stringify(record, null, 1)}\n`)
process.exitCode = missed.length === 0 ? 0 : 1

/** A process of its own, so that no section has another's heap, or what was compiled for it. */
async function figuresOf(name: string): Promise<Figure[]> {
  const child = fork(new URL('./storage/section.ts', import.meta.url), [name, values.day, values.ticks, values.rounds], {
    execArgv: ['--expose-gc'],
  })
  const found: Figure[] = []
  child.on('message', (some) => found.push(...(some as Figure[])))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return found
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
