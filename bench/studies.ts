// Ticks through each study in one second of one core, every output made. `node bench/studies.ts [--ticks 1000000] [--replay DAY.jsonl[.gz]] [--study NAME]…`
// Time is the thread's own CPU time: other work on the machine costs little.
// One JSON line a study: the best of three rounds after one to warm up. Before a speed is printed, VWAP and delta are held to plain sums over the same ticks.
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { TickMessage, TradeTick } from '@ib-stream/model'
import { type DeltaOutput, prepareStudy, STUDY_NAMES, type StudyOutput, type VwapOutput } from '@ib-stream/studies'
import { madeUpDay } from '../libs/studies/test/ticks.ts'
import { REAL_DAY } from '../test/support/tape-source.ts'

const { values } = parseArgs({
  options: {
    ticks: { type: 'string', default: '1000000' },
    replay: { type: 'string', default: REAL_DAY },
    study: { type: 'string', multiple: true, default: [...STUDY_NAMES] },
  },
})
const ROUNDS = 4
const DAY_US = 86_400_000_000

const tape = existsSync(values.replay)
  ? { name: 'recorded day', ticks: readDay(values.replay) }
  : { name: 'made up', ticks: madeUpDay(50_000) }
const ticks = repeated(tape.ticks, Number(values.ticks))
for (const name of values.study) {
  const rounds = Array.from({ length: ROUNDS }, () => round(name))
  for (const { last } of rounds) verify(name, last)
  const ms = Math.min(...rounds.slice(1).map((each) => each.ms))
  const figures = {
    study: name,
    ticksPerSecond: Math.round((ticks.length / ms) * 1_000),
    ticks: ticks.length,
    outputs: rounds[0]?.outputs,
    tape: tape.name,
    node: process.version,
    cpu: cpus()[0]?.model,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

function round(name: string): { ms: number; outputs: number; last: StudyOutput | undefined } {
  const study = prepareStudy(name, name === 'bars' ? { session: 'none' } : {}).create()
  let outputs = 0
  const start = process.threadCpuUsage()
  for (const tick of ticks) outputs += study.push(tick).length
  const { user, system } = process.threadCpuUsage(start)
  const ms = (user + system) / 1_000
  return { ms, outputs, last: study.snapshot() }
}

function verify(name: string, last: StudyOutput | undefined): void {
  const trades = ticks.filter((tick): tick is TradeTick => tick.tt === 'last')
  const volume = trades.reduce((sum, { s = 0 }) => sum + s, 0)
  if (name === 'vwap') {
    const wanted = trades.reduce((sum, { p, s = 0 }) => sum + p * s, 0) / volume
    const got = (last as VwapOutput).vwap.value ?? Number.NaN
    if (!(Math.abs(got - wanted) < 1e-9 * wanted)) throw new Error(`VWAP is ${got}, the plain sum gives ${wanted}`)
  }
  if (name === 'delta') {
    const { trade_count, cumulative_delta } = (last as DeltaOutput).summary
    const windowFrom = (trades.at(-1)?.ts ?? 0) - 60_000_000
    const wanted = trades.filter(({ ts }) => ts > windowFrom).length
    if (trade_count !== wanted || Math.abs(cumulative_delta) > volume)
      throw new Error(`delta counts ${trade_count} trades, ${wanted} are in its window`)
  }
}

/** The tape again and again, each time a day later. */
function repeated(day: readonly TickMessage[], count: number): TickMessage[] {
  return Array.from({ length: count }, (_, i) => {
    const tick = day[i % day.length] as TickMessage
    const laterUs = Math.floor(i / day.length) * DAY_US
    return { ...tick, ts: tick.ts + laterUs, st: tick.st + laterUs }
  })
}

function readDay(path: string): TickMessage[] {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line.replace('"tt":"all_last"', '"tt":"last"')) as TickMessage)
}
