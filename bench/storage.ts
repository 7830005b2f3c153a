// The storage engine on this machine: bytes a tick in every form, the codecs beside JSON.parse, JSON.stringify and protobufjs, appending with checkpoints, ranges.
// `npm run bench -- storage [--day FILE.jsonl[.gz]] [--ticks 1000000] [--rounds 5] [--only sizes,codecs,append,ranges] [--result FILE]`: FILE is a real day of v3 lines (or
// IB_STREAM_REAL_DAY). Codecs are timed by the thread's own CPU time. Runs are interleaved, medians taken and
// their spread given; output is verified before its speed is given; ends with 1 where a figure is below what it must reach.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { appendFigures } from './storage/append.ts'
import { codecFigures } from './storage/codecs.ts'
import { modelDay, realDay } from './storage/days.ts'
import type { Figure } from './storage/figure.ts'
import { rangeFigures } from './storage/ranges.ts'
import { sizeFigures } from './storage/sizes.ts'

/** Sizes do not change with more of the same. */
const MODEL_TICKS_FOR_SIZES = 100_000

const { values } = parseArgs({
  options: {
    day: { type: 'string', default: process.env.IB_STREAM_REAL_DAY ?? '' },
    ticks: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'sizes,codecs,append,ranges' },
    result: { type: 'string', default: 'bench/results/storage.json' },
  },
})

const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
const peers = { protobufjs: await versionOf('protobufjs'), v8: process.versions.v8 }
const machine = { commit, node: process.version, ...peers, cpu: cpus()[0]?.model ?? '?', cores: cpus().length, loadBefore: loadavg()[0] }
const command = `npm run bench -- storage ${process.argv.slice(2).join(' ')}`.trim()
process.stdout.write(`${command}\n${JSON.stringify(machine)}\n`)

const rounds = Number(values.rounds)
const model = modelDay(Number(values.ticks))
const sections: Record<string, () => Promise<Figure[]>> = {
  sizes: async () => [
    ...(values.day === '' ? [] : sizeFigures('real day', await realDay(values.day))),
    ...sizeFigures('model day', model.slice(0, MODEL_TICKS_FOR_SIZES)),
  ],
  codecs: () => codecFigures(model, rounds),
  append: () => appendFigures(model, rounds),
  ranges: () => rangeFigures(model, rounds),
}
const figures: Figure[] = []
for (const name of values.only.split(',')) {
  const section = sections[name]
  if (section === undefined) throw new Error(`--only ${name}: none of ${Object.keys(sections).join(', ')}`)
  const made = await section()
  for (const figure of made) process.stdout.write(`${lineOf(figure)}\n`)
  figures.push(...made)
}
await mkdir(dirname(values.result), { recursive: true })
const record = { command, at: new Date().toISOString(), machine, ticks: model.length, rounds, figures }
await writeFile(values.result, `${JSON.stringify(record, null, 2)}\n`)
process.exitCode = figures.some(({ value, atLeast = Number.NEGATIVE_INFINITY }) => value < atLeast) ? 1 : 0

function lineOf({ name, value, unit, spread, atLeast }: Figure): string {
  const number = (of: number) => of.toLocaleString('en-US', { maximumFractionDigits: of < 1_000 ? 2 : 0 })
  const between = spread === undefined ? '' : ` (${number(spread[0])} to ${number(spread[1])})`
  const verdict = atLeast === undefined ? '' : `  ${value >= atLeast ? 'pass' : 'FAIL'} (at least ${number(atLeast)})`
  return `${name.padEnd(52)} ${number(value).padStart(14)} ${unit}${between}${verdict}`
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
