// The bus under load on this machine: publisher with its spool, log → reader and → files, the whole chain, and how long a tick takes.
// `npm run bench -- bus [--only publish,chain,latency] [--scale 0.1] [--result FILE]`: prints each figure and whether it reaches what it must, and ends with 1 if one
// does not; the figures go to bench/results/bus.json too. Ticks are counted in the files before a figure is given.
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { type Figure, latency, publishAndDrain, wholeChain } from './bus/sections.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'publish,chain,latency' },
    scale: { type: 'string', default: '1' },
    result: { type: 'string', default: 'bench/results/bus.json' },
  },
})
const scale = Number(values.scale)
const SINGLES = Math.round(400_000 * scale)
const BATCHED = Math.round(3_000_000 * scale)
const LATENCY_SECONDS = Math.max(2, Math.round(20 * scale))

const sections: Record<string, (() => Promise<Figure[]>)[]> = {
  publish: [() => publishAndDrain('single', SINGLES), () => publishAndDrain('batched', BATCHED)],
  chain: [
    () => wholeChain('single', ['json'], SINGLES),
    () => wholeChain('single', ['json', 'pb'], SINGLES),
    () => wholeChain('batched', ['json'], BATCHED),
    () => wholeChain('batched', ['json', 'pb'], BATCHED),
  ],
  latency: [() => latency(1_000, LATENCY_SECONDS), () => latency(10_000, LATENCY_SECONDS)],
}
const wanted = values.only.split(',')
for (const name of wanted)
  if (!Object.hasOwn(sections, name)) throw new Error(`--only ${name}: none of ${Object.keys(sections).join(', ')}`)

const loadBefore = loadavg()[0]
const figures: Figure[] = []
for (const name of wanted)
  for (const section of sections[name] ?? []) {
    const made = await section()
    figures.push(...made)
    for (const figure of made) process.stdout.write(`${lineOf(figure)}\n`)
  }
const missed = figures.filter((figure) => !reaches(figure))
process.stdout.write(missed.length === 0 ? 'all that must be reached is reached\n' : `${missed.length} not reached\n`)
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const nats = execFileSync(process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', ['--version'], { encoding: 'utf8' }).trim()
const machine = { node: process.version, nats, cpu: cpus()[0]?.model, cores: cpus().length, loadBefore }
const record = {
  command: `npm run bench -- bus ${process.argv.slice(2).join(' ')}`.trim(),
  commit,
  at: new Date().toISOString(),
  machine,
  figures,
}
await mkdir(dirname(values.result), { recursive: true })
await writeFile(values.result, `${JSON.stringify(record, null, 1)}\n`)
process.exitCode = missed.length === 0 ? 0 : 1

function reaches({ value, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Figure): boolean {
  return value >= atLeast && value <= atMost
}

function lineOf(figure: Figure): string {
  const { name, value, unit, atLeast, atMost } = figure
  const must = atLeast === undefined && atMost === undefined ? '    ' : reaches(figure) ? 'pass' : 'FAIL'
  const limit = atLeast === undefined ? (atMost === undefined ? '' : ` (at most ${atMost})`) : ` (at least ${atLeast})`
  return `${must}  ${name.padEnd(64)} ${String(value).padStart(10)} ${unit}${limit}`
}
