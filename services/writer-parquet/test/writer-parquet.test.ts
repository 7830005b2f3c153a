import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TICKS } from '@ib-stream/bus'
import { hash31, partitionOf, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { openRange, verify } from '@ib-stream/storage'
import { expect, it } from '@jest/globals'
import { jsonLines, WriterBench } from '../../../libs/writer/test/support.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { parquetRows } from '../src/parquet-rows.ts'

const START_US = Date.UTC(2025, 6, 30, 20) * 1_000
const CID = 8314
const OTHER = 265598
/** Ten hours and more: the first four end a day. */
const HOURS = 10

/** Trades of some hours, one of them now and then an hour late. */
function tapeOf(from: number, to: number): TickMessage[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const st = START_US + Math.floor((n * US_PER_HOUR) / PER_HOUR)
    return {
      ts: n % 17 === 9 ? st - US_PER_HOUR : st,
      st,
      cid: CID,
      tt: 'last',
      rid: hash31(CID, 'last'),
      p: 100 + (n % 9) / 4,
      s: n,
      ex: 'NYSE',
    } as const
  })
}
const PER_HOUR = 20
/** A writer starts, recovers and seals: two processes on a machine that others use. */
const DEADLINE_MS = 60_000

async function publish(bench: WriterBench, ticks: readonly TickMessage[]): Promise<void> {
  for (const tick of ticks) bench.publisher.add({ subject: `ticks.${tick.cid}.${tick.tt}`, line: JSON.stringify(tick) })
  await bench.publisher.settled()
}

async function archived(bench: WriterBench): Promise<number[]> {
  const about = { dataDir: bench.dataDir, backends: ['parquet'] as const, cids: [CID], tts: ['last'] as const }
  await using range = await openRange({ ...about, startUs: START_US - US_PER_DAY, endUs: START_US + 3 * US_PER_DAY })
  const sizes: number[] = []
  for await (const batch of range.batches()) for (const tick of batch) sizes.push('s' in tick ? (tick.s ?? -1) : -1)
  return sizes.sort((a, b) => a - b)
}

const sealedIn = async (bench: WriterBench): Promise<string[]> =>
  (await readdir(join(bench.dataDir, 'parquet'), { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.parquet'))

const program = (bench: WriterBench, env: Record<string, string> = {}) =>
  nodeProgram('writer-parquet', 'services/writer-parquet/src/main.ts', {
    ...{
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      HEALTH_PORT: '0',
      IB_HOST: '',
      CHECKPOINT_DURABLE_MS: '200',
      CHECKPOINT_VISIBLE_MS: '50',
    },
    ...env,
  })

const allOf = (count: number) => Array.from({ length: count }, (_, n) => n)

it('seals hours that the log has closed, makes a closed day one file, and verify holds them to their checksums', async () => {
  await using bench = await WriterBench.open()
  await using writer = program(bench).start()
  void writer
  await publish(bench, tapeOf(0, HOURS * PER_HOUR))
  await waitFor(
    'a day is one file, and hours of the next are sealed',
    async () => {
      const names = await sealedIn(bench)
      return (
        names.some((name) => name.endsWith('date=2025-07-30/day.parquet')) &&
        names.filter((name) => name.includes('date=2025-07-31')).length >= 4
      )
    },
    DEADLINE_MS,
  )
  expect(await archived(bench)).toEqual(allOf(HOURS * PER_HOUR))
  const { damage, unreachable, files } = await verify({ dataDir: bench.dataDir, backends: ['parquet'] })
  expect({ damage, unreachable }).toEqual({ damage: [], unreachable: [] })
  expect(files).toBeGreaterThan(5)
}, 120_000)

it.each(['kill 2 rename it to sealed', 'kill 2 unlink the rows', 'kill 2 unlink the hours', 'kill 20 fsync folder parquet'])(
  'has every tick once, whoever goes on after: %s',
  async (point) => {
    await using bench = await WriterBench.open()
    await publish(bench, tapeOf(0, HOURS * PER_HOUR))
    await using victim = program(bench, { IB_STREAM_FAIL_POINT: point }).start()
    await victim.exited
    const half = await archived(bench)
    expect(half).toEqual([...new Set(half)])
    await using heir = program(bench).start()
    void heir
    await publish(bench, tapeOf(HOURS * PER_HOUR, (HOURS + 2) * PER_HOUR))
    await waitFor('the archive has all', async () => (await archived(bench)).length >= (HOURS + 2) * PER_HOUR, DEADLINE_MS)
    expect(await archived(bench)).toEqual(allOf((HOURS + 2) * PER_HOUR))
  },
  150_000,
)

it('takes what the log no longer holds from the files of another backend, once, and takes nothing of it again', async () => {
  await using bench = await WriterBench.open()
  const json = bench.run(jsonLines)
  await publish(bench, tapeOf(0, 6 * PER_HOUR))
  await publish(bench, tapeOf(6 * PER_HOUR, HOURS * PER_HOUR))
  const last = bench.publisher.acknowledged
  const isAt = (seq: number) =>
    [...json.writer.partitions.values()].some(({ partition, durableSeq }) => partition === partitionOf(CID) && durableSeq >= seq)
  await waitFor('json has all', () => isAt(last), DEADLINE_MS)
  await bench.bus.manager.streams.purge(TICKS, { seq: last })
  const first = bench.run(parquetRows)
  await waitFor('the archive has all', async () => (await archived(bench)).length >= HOURS * PER_HOUR, DEADLINE_MS)
  await waitFor('it is sealed', async () => (await sealedIn(bench)).length >= 6, DEADLINE_MS)
  await first.stop()
  await publish(bench, tapeOf(HOURS * PER_HOUR, (HOURS + 2) * PER_HOUR))
  await waitFor('json has the rest', () => isAt(bench.publisher.acknowledged), DEADLINE_MS)
  await bench.bus.manager.streams.purge(TICKS, { seq: bench.publisher.acknowledged })
  bench.run(parquetRows)
  await waitFor('the archive has the rest', async () => (await archived(bench)).length >= (HOURS + 2) * PER_HOUR, DEADLINE_MS)
  expect(await archived(bench)).toEqual(allOf((HOURS + 2) * PER_HOUR))
}, 240_000)

it('regression: the last day of a contract that trades no more, and has its partition to itself, was never one file', async () => {
  await using bench = await WriterBench.open()
  bench.run(parquetRows)
  await publish(bench, tapeOf(0, 2 * PER_HOUR))
  const later = START_US + US_PER_DAY
  await publish(bench, [{ ts: later, st: later, cid: OTHER, tt: 'last', rid: hash31(OTHER, 'last'), p: 1, s: 1 }])
  expect(partitionOf(OTHER)).not.toBe(partitionOf(CID))
  const ofContract = async () => (await sealedIn(bench)).filter((name) => name.includes(`cid=${CID}/`))
  await waitFor('its day is one file', async () => (await ofContract()).join().endsWith('date=2025-07-30/day.parquet'), DEADLINE_MS)
  expect(await archived(bench)).toEqual(allOf(2 * PER_HOUR))
  await publish(bench, tapeOf(30 * PER_HOUR, 31 * PER_HOUR))
  await waitFor('what comes after all is there', async () => (await archived(bench)).length >= 3 * PER_HOUR, DEADLINE_MS)
  expect(await archived(bench)).toEqual([...allOf(2 * PER_HOUR), ...allOf(PER_HOUR).map((n) => 30 * PER_HOUR + n)])
}, 150_000)
