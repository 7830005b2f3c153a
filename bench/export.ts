// `ib-stream export` of a million recorded ticks in each form, and how long the command line takes to start: `npm run bench -- export [--ticks 1000000] [--rounds 3]`.
// The real query-api answers from closed files (pb). Wall time of the whole command, its start and the writing of the file among it; beside it the CPU time of the command and of
// query-api, which a busy machine changes less, and a plain reader that throws the same answer away. The ticks that export says it wrote are held to those recorded first.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bidAskTick, isoFromUs, US_PER_HOUR, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { leanEnv } from '@ib-stream/service'
import { freePort } from '../test/support/free-port.ts'
import { nodeProgram } from '../test/support/program.ts'
import { waitFor } from '../test/support/wait-for.ts'
import { cpuUs } from './bus/part.ts'
import { type Figure, figureOf, lineOf, reaches } from './storage/figure.ts'
import { ClosedTree, inFolder } from './storage/trees.ts'

const { values } = parseArgs({ options: { ticks: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } } })
const [TICKS, ROUNDS] = [Number(values.ticks), Number(values.rounds)]
const MAIN = resolve('apps/cli/src/main.ts')
const START_US = Date.parse('2025-07-30T14:00:00Z') * US_PER_MS
const CID = 265598
const FORMS = { ndjson: 'ndjson', csv: 'csv', json: 'json', pb: 'protobuf', arrow: 'arrow', parquet: 'parquet' } as const
const PER_HOUR = 200_000
const CLOCK_TICK_US = 10_000
/** A machine that does much else besides starts a process in half a minute. */
const STARTED_WITHIN_MS = 120_000

/** One command from its start to its end. */
interface Run {
  seconds: number
  /** CPU, µs: of the command, and of query-api meanwhile. */
  commandUs: number
  apiUs: number
}

await inFolder(async (folder) => {
  const dataDir = join(folder, 'data')
  record(dataDir)
  const port = await freePort()
  await using api = nodeProgram('query-api', 'services/query-api/src/main.ts', {
    ...{ DATA_DIR: dataDir, PORT: String(port), IB_HOST: '', IB_STREAM_OVERLAY: 'allow' },
    NATS_URL: `nats://127.0.0.1:${await freePort()}`,
    ...leanEnv(process.env), // as `npm start` runs it
  }).start()
  const url = `http://127.0.0.1:${port}`
  const listens = () =>
    fetch(`${url}/v3/info`).then(
      ({ ok }) => ok,
      () => false,
    )
  await waitFor('query-api listens', listens, STARTED_WITHIN_MS)
  const runs = new Map<string, Run[]>()
  const put = (name: string, round: number, run: Run) => round > 0 && runs.set(name, [...(runs.get(name) ?? []), run])
  const range = { start: isoFromUs(START_US), end: isoFromUs(START_US + Math.ceil(TICKS / PER_HOUR) * US_PER_HOUR) }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [form, format] of Object.entries(FORMS)) {
      const path = join(folder, `ticks.${form}`)
      const { told, ...run } = await command(api.pid, [
        ...['export', String(CID), '-t', 'bid_ask', '--start', range.start, '--end', range.end, '-o', path, '--url', url],
      ])
      if (form !== 'parquet' && told !== TICKS) throw new Error(`${form}: ${told} of ${TICKS} ticks`)
      put(form, round, run)
      await rm(path)
      put(
        `plain ${form}`,
        round,
        await readPlainly(`${url}/v3/buffer/${CID}/query?start_time=${range.start}&end_time=${range.end}&format=${format}`, api.pid),
      )
    }
    put('start', round, await command(api.pid, ['query', '--help']))
  }
  const figures = Object.keys(FORMS).flatMap((form) => figuresOf(form, runs))
  const start = runs.get('start')?.map(({ seconds }) => seconds * 1_000) ?? []
  figures.push(figureOf('cli start: query --help', 'ms', start, { atMost: 300 }))
  for (const figure of figures) process.stdout.write(`${lineOf(figure)}\n`)
  process.exitCode = figures.every(reaches) ? 0 : 1
})

function figuresOf(form: string, runs: ReadonlyMap<string, readonly Run[]>): Figure[] {
  const [exported, plain] = [runs.get(form) ?? [], runs.get(`plain ${form}`) ?? []]
  const of = (some: readonly Run[], value: (run: Run, round: number) => number) => some.map(value)
  return [
    figureOf(
      `export ${form}`,
      'ticks/s',
      of(exported, ({ seconds }) => TICKS / seconds),
      { atLeast: 300_000 },
    ),
    figureOf(
      `  a plain reader of the same answer takes`,
      '× its time',
      of(plain, ({ seconds }, round) => seconds / (exported[round]?.seconds ?? Number.NaN)),
    ),
    figureOf(
      `  CPU of the command`,
      'µs/tick',
      of(exported, ({ commandUs }) => commandUs / TICKS),
    ),
    figureOf(
      `  CPU of query-api`,
      'µs/tick',
      of(exported, ({ apiUs }) => apiUs / TICKS),
    ),
  ]
}

/** Quotes at an even pace, in closed hours. */
function record(dataDir: string): void {
  const tree = new ClosedTree(dataDir, 'pb')
  const stepUs = Math.floor(US_PER_HOUR / PER_HOUR)
  for (let done = 0; done < TICKS; done += PER_HOUR) {
    const hourUs = START_US + (done / PER_HOUR) * US_PER_HOUR
    tree.add(
      Array.from({ length: Math.min(PER_HOUR, TICKS - done) }, (_, i) => {
        const at = hourUs + i * stepUs
        const ts = Math.floor(at / US_PER_SECOND) * US_PER_SECOND
        const bp = 229 + (i % 100) / 100
        return bidAskTick({ ts, st: at + 777_542, cid: CID, bp, bs: 100 + (i % 7), ap: bp + 0.01, as: 200 })
      }),
    )
  }
  tree.close()
}

async function command(apiPid: number, args: readonly string[]): Promise<Run & { told: number }> {
  const [apiBeforeUs, childrenBeforeUs, startedMs] = [await cpuUs(apiPid), await childrenUs(), performance.now()]
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const seconds = (performance.now() - startedMs) / 1_000
  if (code !== 0) throw new Error(`ib-stream ${args.join(' ')} ended with ${code}: ${err}`)
  const [, told = '0'] = /: ([\d,]+) ticks, /.exec(err) ?? []
  const [commandUs, apiUs] = [(await childrenUs()) - childrenBeforeUs, (await cpuUs(apiPid)) - apiBeforeUs]
  return { seconds, commandUs, apiUs, told: Number(told.replaceAll(',', '')) }
}

/** Reads an answer and keeps nothing of it. */
async function readPlainly(url: string, apiPid: number): Promise<Run> {
  const [apiBeforeUs, startedMs] = [await cpuUs(apiPid), performance.now()]
  const { body } = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
  for await (const _ of body ?? []);
  return { seconds: (performance.now() - startedMs) / 1_000, commandUs: 0, apiUs: (await cpuUs(apiPid)) - apiBeforeUs }
}

/** CPU time of all children that have ended, µs. */
async function childrenUs(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * CLOCK_TICK_US
}
