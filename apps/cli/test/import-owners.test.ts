import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectBus, openPublisher, type Publisher, tickSubject } from '@ib-stream/bus'
import { compareTicks, hash31, hourOf, type TickMessage, US_PER_HOUR, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { type Backend, encodeTickJson, HOUSE_BACKENDS, openRange, verify } from '@ib-stream/storage'
import { describe, expect, test } from '@jest/globals'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { runCli } from './run-cli.ts'

const [RECORDED, OLD] = [8314, 265598]
const NOW_HOUR = hourOf(usFromMs(Date.now()))
const DAY_AGO = NOW_HOUR - 24 * US_PER_HOUR

/** A trade each second of an hour; `st` a little later. */
const trades = (cid: number, fromUs: number, count: number): TickMessage[] =>
  Array.from({ length: count }, (_, i) => {
    const ts = fromUs + i * US_PER_SECOND
    return { ts, st: ts + 250_000, cid, tt: 'last', rid: hash31(cid, 'last'), p: 100 + i, s: 1 }
  })

async function ticksIn(dataDir: string, backend: Backend, cid: number, fromUs: number): Promise<TickMessage[]> {
  await using range = await openRange({
    dataDir,
    backends: [backend],
    cids: [cid],
    tts: ['last'],
    startUs: fromUs,
    endUs: fromUs + US_PER_HOUR,
  })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  expect(range.damage).toEqual([])
  return ticks
}

function publish(publisher: Publisher, ticks: readonly TickMessage[]): void {
  for (const tick of ticks) publisher.add({ subject: tickSubject(tick.cid, tick.tt), line: encodeTickJson(tick) })
}

describe('import beside running writers', () => {
  test('each hour is made by the owner of its partition; hours that are recorded, and those that still are, stay as they are unless --merge', async () => {
    await using nats = await NatsServer.start()
    const dataDir = join(nats.folder, 'data')
    await using bus = await connectBus({ url: nats.url, name: 'import-test' })
    await using publisher = await openPublisher({ bus, spoolFolder: join(nats.folder, 'spool'), source: 'gateway', logMaxBytes: 2 ** 28 })
    const env = { NATS_URL: nats.url, DATA_DIR: dataDir, HEALTH_PORT: '0', IB_HOST: '127.0.0.1', CHECKPOINT_DURABLE_MS: '200' }
    const writers = [
      nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start(),
      nodeProgram('writer-proto', 'services/writer-proto/src/main.ts', env).start(),
      nodeProgram('writer-parquet', 'services/writer-parquet/src/main.ts', env).start(),
    ]
    await using _json = writers[0]
    await using _pb = writers[1]
    await using _parquet = writers[2]
    const recorded = trades(RECORDED, DAY_AGO, 40)
    publish(publisher, recorded)
    publish(publisher, trades(RECORDED, NOW_HOUR, 3)) // closes the hours before
    let live = 10
    const feed = setInterval(() => publish(publisher, trades(RECORDED, NOW_HOUR + ++live * US_PER_SECOND, 1)), 50)
    try {
      for (const backend of HOUSE_BACKENDS)
        await waitFor(`${backend} has recorded`, async () => (await ticksIn(dataDir, backend, RECORDED, DAY_AGO)).length === 40)

      const old = join(nats.folder, 'old')
      await mkdir(old)
      const beside = trades(RECORDED, DAY_AGO + 30 * US_PER_SECOND, 40).map((tick, i) => ({ ...tick, p: 130 + i })) as TickMessage[]
      const others = trades(OLD, DAY_AGO, 60)
      const lines = (ticks: readonly TickMessage[]) => ticks.map((tick) => `${encodeTickJson(tick)}\n`).join('')
      await writeFile(
        join(old, 'a.jsonl'),
        lines([...others, ...trades(OLD, DAY_AGO + US_PER_HOUR, 5), ...beside, ...trades(OLD, NOW_HOUR, 2)]),
      )
      const args = ['import', '--to', dataDir, '--backend', 'json,pb,parquet', '--json', old]
      const run = runCli(args, { NATS_URL: nats.url })
      expect([await run.ended, run.err]).toEqual([1, ''])
      const said = run.out
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
      expect(said).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('the hour has recorded ticks; --merge') }))
      expect(said).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('json: the hour is still being recorded') }))
      expect(said.at(-1)).toMatchObject({
        written: { json: { files: 2, ticks: 65 }, pb: { files: 2, ticks: 65 }, parquet: { files: 2, ticks: 65 } },
      })
      for (const backend of HOUSE_BACKENDS) {
        expect(await ticksIn(dataDir, backend, OLD, DAY_AGO)).toEqual(others)
        expect(await ticksIn(dataDir, backend, RECORDED, DAY_AGO)).toEqual(recorded)
      }

      for (const writer of writers) await writer.kill()
      const counts = await Promise.all(HOUSE_BACKENDS.map(async (backend) => (await ticksIn(dataDir, backend, RECORDED, NOW_HOUR)).length))
      for (const writer of writers) writer.start()
      for (const [i, backend] of HOUSE_BACKENDS.entries())
        await waitFor(`${backend} goes on`, async () => (await ticksIn(dataDir, backend, RECORDED, NOW_HOUR)).length > (counts[i] ?? 0))
      await appendFile(join(old, 'a.jsonl'), lines(trades(OLD, DAY_AGO + 2 * US_PER_HOUR, 5)))
      const again = runCli([...args, '--merge'], { NATS_URL: nats.url })
      expect([await again.ended, again.err]).toEqual([1, '']) // this very hour is still recorded
      const both = [...recorded, ...beside.slice(10)].sort(compareTicks) // ten were heard by both
      for (const backend of HOUSE_BACKENDS) {
        expect(await ticksIn(dataDir, backend, RECORDED, DAY_AGO)).toEqual(both)
        expect(await ticksIn(dataDir, backend, OLD, DAY_AGO)).toEqual(others)
        expect(await ticksIn(dataDir, backend, OLD, DAY_AGO + 2 * US_PER_HOUR)).toHaveLength(5)
      }
    } finally {
      clearInterval(feed)
    }
    await publisher.settled()
    for (const backend of HOUSE_BACKENDS)
      await waitFor(
        `${backend} has all of the live ticks`,
        async () => (await ticksIn(dataDir, backend, RECORDED, NOW_HOUR)).length === 3 + live - 10,
      )
    for (const writer of writers) expect(await writer.stop()).toBe(0)
    expect((await verify({ dataDir })).damage).toEqual([])
  }, 180_000)
})
