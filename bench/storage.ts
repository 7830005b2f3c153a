// The storage engine on this machine: bytes a tick in every form, and the codecs beside JSON.parse, JSON.stringify and protobufjs.
// `npm run bench -- storage [--day FILE.jsonl[.gz]] [--ticks 1000000] [--rounds 5] [--result FILE]`: FILE is a real day of v3 lines (or IB_STREAM_REAL_DAY). Runs are
// interleaved and medians taken; output is verified before its speed is given; ends with 1 where a figure is below what it must reach.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { codecFigures } from './storage/codecs.ts'
import { modelDay, realDay } from './storage/days.ts'
import { sizeFigures } from './storage/sizes.ts'

/** One figure, and what it must reach where something is asked of it. */
export interface Figure {
  name: string
  value: number
  unit: string
  atLeast?: number
}

const { values } = parseArgs({
  options: {
    day: { type: 'string', default: process.env.IB_STREAM_REAL_DAY ?? '' },
    ticks: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    result: { type: 'string', default: 'bench/results/storage.json' },
  },
})

const machine = { node: process.version, cpu: cpus()[0]?.model ?? '?', cores: cpus().length }
process.stdout.write(`npm run bench -- storage ${process.argv.slice(2).join(' ')}\n${JSON.stringify(machine)}\n`)
const figures: Figure[] = []
if (values.day !== '') figures.push(...sizeFigures('real day', await realDay(values.day)))
const model = modelDay(Number(values.ticks))
figures.push(...sizeFigures('model day', model), ...codecFigures(model, Number(values.rounds)))
for (const figure of figures) process.stdout.write(`${lineOf(figure)}\n`)
await mkdir(dirname(values.result), { recursive: true })
await writeFile(values.result, `${JSON.stringify({ ...machine, ticks: model.length, rounds: Number(values.rounds), figures }, null, 2)}\n`)
process.exitCode = figures.some(({ value, atLeast = Number.NEGATIVE_INFINITY }) => value < atLeast) ? 1 : 0

function lineOf({ name, value, unit, atLeast }: Figure): string {
  const verdict = atLeast === undefined ? '' : `  ${value >= atLeast ? 'pass' : 'FAIL'} (at least ${atLeast})`
  return `${name.padEnd(52)} ${value.toLocaleString('en-US', { maximumFractionDigits: 2 }).padStart(14)} ${unit}${verdict}`
}
