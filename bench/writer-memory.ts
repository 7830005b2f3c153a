// Memory of each writer as a process of its own, with all partitions and 200 files that grow, as the kernel counts it (Linux).
// They run with the environment that `up` gives them (leanEnv).
// `node bench/writer-memory.ts [--rounds 6] [--node-options=--max-semi-space-size=4]`: a round is 10,000 ticks over 200 contracts, each sent as soon as the log has the last.
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { leanEnv } from '../libs/service/src/index.ts'
import { WriterBench } from '../libs/writer/test/support.ts'
import { nodeProgram } from '../test/support/program.ts'
import { waitFor } from '../test/support/wait-for.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '6' }, 'node-options': { type: 'string', default: '' } } })
const rounds = Number(values.rounds)
const CONTRACTS = Array.from({ length: 200 }, (_, i) => 1_000 + i)
const TICKS_A_ROUND = 50
const MOST_MS = 120_000

interface Stats {
  ticks: number
  openFiles: number
  partitions: unknown[]
}

for (const name of ['writer-json', 'writer-proto']) {
  await using bench = await WriterBench.open()
  const env = {
    NATS_URL: bench.nats.url,
    DATA_DIR: bench.dataDir,
    HEALTH_PORT: '0',
    IB_HOST: '',
    IB_STREAM_OVERLAY: 'allow',
    ...leanEnv({ NODE_OPTIONS: values['node-options'] }),
  }
  await using writer = nodeProgram(name, `services/${name}/src/main.ts`, env).start()
  const stats = async () => {
    const answer = await bench.bus.connection.request(`$SRV.STATS.${name}`, '', { timeout: 2_000 }).catch(() => undefined)
    return answer?.json<{ endpoints: { data: Stats }[] }>().endpoints[0]?.data
  }
  await waitFor('it holds all', async () => ((await stats())?.partitions.length ?? 0) >= 16, MOST_MS)
  const idleMb = await megabytes(writer.pid, 'VmRSS')
  const sent = CONTRACTS.length * TICKS_A_ROUND * rounds
  for (let round = 0; round < rounds; round++) {
    for (const cid of CONTRACTS) bench.publish(cid, TICKS_A_ROUND)
    await bench.publisher.settled()
  }
  const taken = await waitFor(
    'all are taken',
    async () => {
      const now = await stats()
      return now?.ticks === sent && now.openFiles >= CONTRACTS.length && now
    },
    MOST_MS,
  )
  const figures = {
    name,
    partitions: taken.partitions.length,
    openFiles: taken.openFiles,
    ticks: sent,
    idleMb,
    afterMb: await megabytes(writer.pid, 'VmRSS'),
    peakMb: await megabytes(writer.pid, 'VmHWM'),
    nodeOptions: values['node-options'],
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

async function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round((Number(kib) * 1_024) / 1e6)
}
