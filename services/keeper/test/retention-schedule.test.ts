import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tickSubject } from '@ib-stream/bus'
import { hash31, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { verify } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { type RetentionRun, RetentionSchedule } from '../src/retention-schedule.ts'
import { KeeperBench } from './support.ts'

const never = new AbortController().signal
const CID = 711280073

async function names({ dataDir }: KeeperBench, backend: string): Promise<string[]> {
  return (await readdir(join(dataDir, backend), { recursive: true }).catch(() => [])).filter((name) => name.includes(`/${CID}_`)).sort()
}

async function closedHours({ dataDir }: KeeperBench, backend: string): Promise<number> {
  const folder = join(dataDir, `.state/${backend}/manifest`)
  const paths = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) => entry.isFile())
  const texts = await Promise.all(paths.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))
  return texts.join('').split('\n').length - 1
}

describe('retention by schedule', () => {
  it('has owners take away what is due, while they record, and only what another backend has', async () => {
    await using bench = await KeeperBench.open(0)
    const env = { NATS_URL: bench.nats.url, DATA_DIR: bench.dataDir, HEALTH_PORT: '0', IB_HOST: '', CHECKPOINT_DURABLE_MS: '200' }
    await using json = nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
    await using pb = nodeProgram('writer-proto', 'services/writer-proto/src/main.ts', env).start()
    for (let i = 0; i < 60; i++) {
      const ts = 1_753_837_200_000_000 + (i * US_PER_HOUR) / 10
      const line = JSON.stringify({ ts, st: ts, cid: CID, tt: 'last', rid: hash31(CID, 'last'), p: 1, s: i })
      bench.publisher.add({ subject: tickSubject(CID, 'last'), line })
    }
    await bench.publisher.settled()
    await waitFor('five of six hours are closed', async () => (await closedHours(bench, 'json')) + (await closedHours(bench, 'pb')) === 10)
    const before = await names(bench, 'pb')
    const runs: RetentionRun[] = []
    const about = { keep: { json: { maxAgeUs: US_PER_DAY } }, backends: ['json', 'pb'] as const }
    const schedule = new RetentionSchedule({ bus: bench.bus, ...about, everyMs: 60_000, onRun: (run) => runs.push(run) })
    // What a manifest names counts once a checkpoint does too, which comes a moment later.
    const hours = () => runs.reduce((sum, { removed }) => sum + removed.hours, 0)
    await waitFor('all but the newest are taken away', async () => (await schedule.once(never)) && hours() > 3)
    expect(runs.flatMap(({ failed }) => failed)).toEqual([])
    expect((await names(bench, 'json')).length).toBe(before.length - schedule.removedFiles)
    expect(await names(bench, 'pb')).toEqual(before)
    expect((await verify({ dataDir: bench.dataDir })).damage).toEqual([])
    expect([json.running, pb.running]).toEqual([true, true])
    await json.stop()
    const files = schedule.removedFiles
    expect((await schedule.once(never)).failed).toHaveLength(16)
    expect(schedule.removedFiles).toBe(files)
  }, 60_000)

  it('does nothing where no backend has a limit', () => {
    const bus = undefined as never // nobody is asked
    expect(new RetentionSchedule({ bus, keep: {}, backends: ['json'], everyMs: 1, onRun: () => undefined }).state).toBe('off')
  })
})
