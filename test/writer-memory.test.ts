import { readFile } from 'node:fs/promises'
import { leanEnv } from '@ib-stream/service'
import { describe, expect, it } from '@jest/globals'
import { WriterBench } from '../libs/writer/test/support.ts'
import { nodeProgram } from './support/program.ts'
import { waitFor } from './support/wait-for.ts'

const CONTRACTS = Array.from({ length: 200 }, (_, i) => 1_000 + i)
const TICKS = 100
const MOST_BYTES = 150e6

interface Stats {
  ticks: number
  openFiles: number
  partitions: unknown[]
}

describe('memory', () => {
  it.each(['writer-json', 'writer-proto'])(
    '%s stays below 150 MB with all partitions and 200 files that grow',
    async (name) => {
      await using bench = await WriterBench.open()
      const env = {
        NATS_URL: bench.nats.url,
        DATA_DIR: bench.dataDir,
        HEALTH_PORT: '0',
        IB_HOST: '',
        IB_STREAM_OVERLAY: 'allow',
        ...leanEnv({}),
      }
      await using writer = nodeProgram(name, `services/${name}/src/main.ts`, env).start()
      for (const cid of CONTRACTS) bench.publish(cid, TICKS)
      await bench.publisher.settled()
      const taken = await waitFor('all are in files that grow', async () => {
        const answer = await bench.bus.connection.request(`$SRV.STATS.${name}`, '', { timeout: 2_000 }).catch(() => undefined)
        const stats = answer?.json<{ endpoints: { data: Stats }[] }>().endpoints[0]?.data
        return stats?.ticks === CONTRACTS.length * TICKS && stats.openFiles >= CONTRACTS.length && stats
      })
      expect(taken.partitions.length).toBeGreaterThanOrEqual(16)
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${writer.pid}/status`, 'utf8'))?.[1]
      expect(Number(kib) * 1_024).toBeLessThan(MOST_BYTES)
    },
    60_000,
  )
})
