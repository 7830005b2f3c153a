// `ib-stream export` of a million recorded ticks in each form, and how long the command line takes to start. `node bench/export.ts [--ticks 1000000] [--rounds 3]`
// One JSON line a figure. The real query-api answers from closed files (pb); wall time of the whole command, and the CPU time of both processes beside it. Before a speed is
// printed, the ticks that export says it wrote are held to those that were recorded.
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bidAskTick, isoFromUs, US_PER_HOUR, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { freePort } from '../test/support/free-port.ts'
import { nodeProgram } from '../test/support/program.ts'
import { waitFor } from '../test/support/wait-for.ts'
import { figureOf } from './storage/figure.ts'
import { ClosedTree, inFolder } from './storage/trees.ts'

const { values } = parseArgs({ options: { ticks: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } } })
const [TICKS, ROUNDS] = [Number(values.ticks), Number(values.rounds)]
const MAIN = resolve('apps/cli/src/main.ts')
const START_US = Date.parse('2025-07-30T14:00:00Z') * US_PER_MS
const CID = 265598
const FORMS = ['ndjson', 'csv', 'json', 'pb', 'arrow'] as const
const PER_HOUR = 200_000

await inFolder(async (folder) => {
  const dataDir = join(folder, 'data')
  record(dataDir)
  const port = await freePort()
  await using api = nodeProgram('query-api', 'services/query-api/src/main.ts', {
    ...{ DATA_DIR: dataDir, PORT: String(port), IB_HOST: '', IB_STREAM_OVERLAY: 'allow' },
    NATS_URL: `nats://127.0.0.1:${await freePort()}`,
  }).start()
  await waitFor(
    'query-api listens',
    () =>
      fetch(`http://127.0.0.1:${port}/v3/info`).then(
        ({ ok }) => ok,
        () => false,
      ),
    60_000,
  )
  const hours = Math.ceil(TICKS / PER_HOUR)
  const range = ['--start', isoFromUs(START_US), '--end', isoFromUs(START_US + hours * US_PER_HOUR)]
  const seconds = new Map<string, number[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const form of FORMS) {
      const path = join(folder, `ticks.${form}`)
      const took = timedRun(['export', String(CID), '-t', 'bid_ask', ...range, '-o', path, '--url', `http://127.0.0.1:${port}`])
      if (took.told !== TICKS) throw new Error(`${form}: ${took.told} of ${TICKS} ticks: ${took.err}`)
      if (round > 0) seconds.set(form, [...(seconds.get(form) ?? []), took.seconds])
      await rm(path)
    }
    if (round > 0) seconds.set('start', [...(seconds.get('start') ?? []), timedRun(['query', '--help']).seconds])
  }
  void api
  const about = { node: process.version, cpu: cpus()[0]?.model, ticks: TICKS }
  for (const [name, some] of seconds) {
    const figure =
      name === 'start'
        ? figureOf(
            'cli start: query --help',
            'ms',
            some.map((each) => each * 1_000),
            { atMost: 300 },
          )
        : figureOf(
            `export ${name}`,
            'ticks/s',
            some.map((each) => TICKS / each),
            { atLeast: 300_000 },
          )
    process.stdout.write(`${JSON.stringify({ ...figure, ...about })}\n`)
  }
})

/** Quotes at an even pace, in closed hours. */
function record(dataDir: string): void {
  const tree = new ClosedTree(dataDir, 'pb')
  const stepUs = Math.floor(US_PER_HOUR / PER_HOUR)
  for (let done = 0; done < TICKS; done += PER_HOUR) {
    const hourUs = START_US + (done / PER_HOUR) * US_PER_HOUR
    tree.add(
      Array.from({ length: Math.min(PER_HOUR, TICKS - done) }, (_, i) => {
        const st = hourUs + i * stepUs + 777_542
        const ts = Math.floor((hourUs + i * stepUs) / US_PER_SECOND) * US_PER_SECOND
        return bidAskTick({
          ts,
          st,
          cid: CID,
          bp: 229 + (i % 100) / 100,
          bs: 100 + (i % 7),
          ap: 229.01 + (i % 100) / 100,
          as: 200,
        })
      }),
    )
  }
  tree.close()
}

function timedRun(args: readonly string[]): { seconds: number; told: number; err: string } {
  const startedMs = performance.now()
  const { stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  const [, told = '0'] = /: ([\d,]+) ticks, /.exec(stderr) ?? []
  return { seconds: (performance.now() - startedMs) / 1_000, told: Number(told.replaceAll(',', '')), err: stderr }
}
