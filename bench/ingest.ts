// Ingest under load: what the client library can decode, 50,000 ticks a second for a minute with everything running, and 50,000 ticks within 100 ms.
// `npm run bench -- ingest [--only decode,steady,burst] [--seconds 60] [--rate 50000] [--result FILE]`: prints each figure and whether it reaches what it must, and ends with 1
// if one does not; the figures go to bench/results/ingest.json too. Every program is a process of its own on this machine, with the environment that `up` gives it; counts of
// what was sent, heard and written are held to each other before a figure is printed.
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { waitFor } from '../test/support/wait-for.ts'
import { libraryAlone, withOurReader } from './ingest/decode.ts'
import { Load, MNQ } from './ingest/load.ts'
import { type Figure, lineOf, reaches } from './storage/figure.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'decode,steady,burst' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '50000' },
    result: { type: 'string', default: 'bench/results/ingest.json' },
  },
})
/** Quotes and trades of MNQ that the simulator's model makes a second at its `--rate 1`, at noon: 34.75, and a little less here, so that no fewer come than are asked for. */
const TICKS_AT_RATE_1 = 34
const MOST_MB = 200
const BURST_TICKS = 50_000
const DECODE_SECONDS = 5

const sections: Record<string, () => Promise<Figure[]>> = { decode, steady, burst }
const figures: Figure[] = []
for (const name of values.only.split(',')) {
  const run = sections[name]
  if (!run) throw new Error(`--only ${name}: from ${Object.keys(sections).join(', ')}`)
  const found = await run()
  figures.push(...found)
  for (const figure of found) process.stdout.write(`${lineOf(figure)}\n`)
}
await mkdir(dirname(values.result), { recursive: true })
const record = {
  at: new Date().toISOString(),
  command: `npm run bench -- ingest ${process.argv.slice(2).join(' ')}`.trim(),
  commit: execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  load: loadavg(),
  figures,
}
await writeFile(values.result, `${JSON.stringify(record, null, 1)}\n`)
if (!figures.every(reaches)) process.exitCode = 1

/** Frames come ready-made from another thread, in turn for both. */
async function decode(): Promise<Figure[]> {
  const alone = [await libraryAlone(DECODE_SECONDS)]
  const ours = [await withOurReader(DECODE_SECONDS)]
  alone.push(await libraryAlone(DECODE_SECONDS))
  ours.push(await withOurReader(DECODE_SECONDS))
  const best = (rates: number[]): Pick<Figure, 'value' | 'spread'> => ({
    value: Math.max(...rates),
    spread: [Math.min(...rates), Math.max(...rates)],
  })
  return [
    { name: 'decode: @stoqey/ib alone', ...best(alone), unit: 'frames/s' },
    { name: "decode: ingest's reader before it", ...best(ours), unit: 'frames/s' },
  ]
}

/** A market of so many ticks a second, recorded into both kinds of file. */
async function steady(): Promise<Figure[]> {
  const [seconds, rate] = [Number(values.seconds), Number(values.rate)]
  await using load = await Load.start(rate / TICKS_AT_RATE_1)
  await load.ticksAbove(1)
  const [startedMs, before, cpuBefore] = [performance.now(), await load.heard(), await load.cpu()]
  let mostWaitingLines = 0
  while (performance.now() - startedMs < seconds * 1_000) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    mostWaitingLines = Math.max(mostWaitingLines, await load.waitingLines())
  }
  const heard = (await load.heard()) - before
  const heardPerSecond = heard / ((performance.now() - startedMs) / 1_000)
  const cpuAfter = await load.cpu()
  const peakRssMb = await load.peakRssMb()
  const { sent, heard: kept, gaps } = await load.finish()
  const cpu = Object.entries(cpuAfter).map(
    ([name, us]): Figure => ({ name: `steady: CPU of ${name}`, value: (us - (cpuBefore[name] ?? 0)) / heard, unit: 'µs/tick' }),
  )
  return [
    { name: `steady: ticks a second from socket to log, ${seconds} s`, value: heardPerSecond, unit: 'ticks/s', atLeast: rate },
    { name: 'steady: gaps', value: gaps, unit: '', atMost: 0 },
    { name: 'steady: ticks sent and in neither files nor a gap', value: sent - kept, unit: '', atMost: 0 },
    { name: 'steady: peak resident memory of ingest', value: peakRssMb, unit: 'MB', atMost: MOST_MB },
    { name: 'steady: most lines that waited for the spool', value: mostWaitingLines, unit: 'lines' },
    ...cpu,
  ]
}

/** A quiet market, and 50,000 ticks within 100 ms on top of it. */
async function burst(): Promise<Figure[]> {
  await using load = await Load.start(1)
  await load.ticksAbove(50)
  const before = await load.heard()
  const startedMs = performance.now()
  await load.fault({ fault: 'burst', cid: MNQ, ticks: BURST_TICKS, overMs: 100 })
  await load.ticksAbove(before + BURST_TICKS)
  const heardMs = performance.now() - startedMs
  await waitFor('all is in the spool', async () => (await load.waitingLines()) < 100, 60_000)
  const spooledMs = performance.now() - startedMs
  const peakRssMb = await load.peakRssMb()
  const { sent, heard, gaps } = await load.finish()
  return [
    { name: 'burst: of 50,000 ticks within 100 ms, lost', value: sent - heard, unit: '', atMost: 0 },
    { name: 'burst: gaps', value: gaps, unit: '', atMost: 0 },
    { name: 'burst: heard after', value: heardMs, unit: 'ms' },
    { name: 'burst: in the spool after', value: spooledMs, unit: 'ms' },
    { name: 'burst: peak resident memory of ingest', value: peakRssMb, unit: 'MB', atMost: MOST_MB },
  ]
}
