// Ticks a second from the gateway's socket to both kinds of file and the live hub, every service a process of its own, on this machine.
// `node bench/main-path.ts [--ticks 500000] [--replay FILE]`: the simulator replays FILE, each tick several times (or made-up quotes and trades), as fast as it is taken.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGunzip } from 'node:zlib'
import { Stack } from '../test/support/stack.ts'
import { waitFor } from '../test/support/wait-for.ts'
import { cpuUs } from './bus/part.ts'

const { values } = parseArgs({ options: { ticks: { type: 'string', default: '500000' }, replay: { type: 'string' } } })
const wanted = Number(values.ticks)
const MOST_MS = 300_000

const folder = await mkdtemp(join(tmpdir(), 'ibs-bench-'))
try {
  const tape = join(folder, 'tape.jsonl')
  const { cid, tts } = await writeTape(tape)
  await using stack = await Stack.make({
    tracked: `${cid}:BENCH:${tts.join(';')}:24`,
    simulator: ['--replay', tape, '--speed', 'max', '--start-after', String(tts.length)],
  })
  for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.queryApi, stack.ingest]) program.start()
  await waitFor('the log is made', () => stack.ingest.log.some(({ kind, state }) => kind === 'state' && state === 'sending'))
  await stack.ready(stack.writerJson)
  await stack.ready(stack.writerProto)
  stack.simulator.start()
  await waitFor('the first tick', async () => (await ticksOf(stack.ingest)) > 0)
  const parts = { ingest: stack.ingest, server: stack.nats, json: stack.writerJson, pb: stack.writerProto }
  const cpuOfAll = async () => await Promise.all(Object.values(parts).map(({ pid }) => cpuUs(pid)))
  const [cpuBefore, startedMs, ticksBefore] = [await cpuOfAll(), performance.now(), await ticksOf(stack.ingest)]
  await waitFor('every tick at ingest', async () => (await ticksOf(stack.ingest)) >= wanted, MOST_MS)
  const heardMs = performance.now() - startedMs
  await waitFor(
    'every tick at both writers',
    async () => (await ticksOf(stack.writerJson)) >= wanted && (await ticksOf(stack.writerProto)) >= wanted,
    MOST_MS,
  )
  const writtenMs = performance.now() - startedMs
  const cpuAfter = await cpuOfAll()
  const cpuEach = Object.keys(parts).map((name, i) => [
    name,
    Number((((cpuAfter[i] ?? 0) - (cpuBefore[i] ?? 0)) / (wanted - ticksBefore)).toFixed(2)),
  ])
  await stack.ingest.stop()
  await Promise.all([stack.writerJson.stop(), stack.writerProto.stop()])
  const lines = await countLines(join(stack.dataDir, 'json'))
  if (lines !== wanted) throw new Error(`${lines} ticks are in the json files, ${wanted} were sent`)
  const rate = (ms: number) => Math.round((wanted / ms) * 1_000)
  const figures = {
    ticks: wanted,
    heardPerSecond: rate(heardMs),
    inFilesPerSecond: rate(writtenMs),
    cpuUsATick: Object.fromEntries(cpuEach),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)

  async function ticksOf(program: typeof stack.ingest): Promise<number> {
    const parts = ((await stack.health(program))?.parts ?? {}) as Record<string, { ticks?: number }>
    return parts.streams?.ticks ?? parts.writer?.ticks ?? 0
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Writes `wanted` ticks of one contract: each of the source several times in a row, so that hours hold as many ticks as on a busy day. */
async function writeTape(path: string): Promise<{ cid: number; tts: string[] }> {
  const source = values.replay === undefined ? madeUp() : await readSource(values.replay)
  const times = Math.ceil(wanted / source.length)
  async function* lines() {
    for (let i = 0; i < wanted; i++) {
      const tick = source[Math.floor(i / times)]
      if (tick) yield `${JSON.stringify({ ...tick, st: tick.st + (i % times) })}\n`
    }
  }
  await pipeline(lines, createWriteStream(path))
  return { cid: source[0]?.cid ?? 0, tts: [...new Set(source.map(({ tt }) => tt))] }
}

interface Line {
  ts: number
  st: number
  cid: number
  tt: string
}

async function readSource(path: string): Promise<Line[]> {
  const bytes = createReadStream(path)
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  const ticks: Line[] = []
  for await (const line of createInterface({ input })) ticks.push(JSON.parse(line) as Line)
  return ticks
}

function madeUp(): Line[] {
  const START_US = 1_753_880_400_000_000
  return Array.from({ length: 50_000 }, (_, i) => {
    const st = START_US + i * 1_000_000
    const core = { ts: Math.floor(st / 1_000_000) * 1_000_000, st, cid: 265598, rid: 0 }
    return i % 4 === 0
      ? { ...core, tt: 'last', p: 229 + (i % 50) / 100, s: 100 }
      : { ...core, tt: 'bid_ask', bp: 229 + (i % 50) / 100, bs: 200, ap: 229.01 + (i % 50) / 100, as: 300 }
  })
}

async function countLines(below: string): Promise<number> {
  const entries = await readdir(below, { recursive: true, withFileTypes: true })
  let lines = 0
  for (const entry of entries.filter((one) => one.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name))
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1
  }
  return lines
}
