import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EVENTS, TICKS } from '@ib-stream/bus'
import { eventSubject, partitionOf, US_PER_DAY } from '@ib-stream/model'
import { compareBackends, verify } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { jsonLines, protoMessages, type Running, WriterBench } from './support.ts'
import { START_US, Trades } from './trades.ts'

const MNQ = 711280073
const IBM = 8314

/** As the keeper sees it, before it trims the log. */
const atTheEnd = (bench: WriterBench, { writer }: Running, partitions: number) =>
  waitFor('every partition stands durably at the end', () => {
    const seqs = [...writer.partitions.values()].map(({ durableSeq }) => durableSeq)
    return seqs.length === partitions && seqs.every((seq) => seq === bench.publisher.acknowledged)
  })

/** Both have the same ticks in the same order, and their manifests are right. */
async function expectSame({ dataDir }: WriterBench, ticks: number): Promise<void> {
  const report = await compareBackends({ dataDir, backends: ['json', 'pb'] })
  expect(report.differences).toEqual([])
  expect(report.ticks).toBeGreaterThan(0.8 * ticks) // the last hours are open
  const { damage, unreachable } = await verify({ dataDir })
  expect([...damage, ...unreachable]).toEqual([])
}

/** Two contracts over some hours in json, the log trimmed to its last part. */
async function recorded(bench: WriterBench, trades: Trades, count = 300): Promise<void> {
  const json = bench.run(jsonLines)
  for (let i = 0; i < 3; i++) {
    await trades.add(MNQ, count / 3)
    await trades.add(IBM, 60, 30)
  }
  await atTheEnd(bench, json, 17)
  await bench.bus.manager.streams.purge(TICKS, { seq: Math.floor(bench.publisher.acknowledged * 0.8) })
}

/** Something of the market after all of it, so that the hours before are closed in both. */
async function closeHours(bench: WriterBench, trades: Trades, ...running: Running[]): Promise<void> {
  for (const cid of [MNQ, IBM]) await trades.add(cid, 30, 10)
  for (const one of running) await atTheEnd(bench, one, one.writer.partitions.size)
  for (const one of running) await one.stop()
}

describe('a backend that is switched on later', () => {
  it('takes from the fullest other one what the log no longer holds, then joins the log: every tick once', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    await recorded(bench, trades)
    const imported = 'json/2025/01/02/14/8314_last_1735830000.jsonl'
    await mkdir(join(bench.dataDir, imported, '..'), { recursive: true })
    await writeFile(
      join(bench.dataDir, imported),
      '{"ts":1735826400000000,"st":1735826400000001,"cid":8314,"tt":"last","rid":254222926,"p":1,"s":1}\n',
    )
    const pb = bench.run(protoMessages)
    await atTheEnd(bench, pb, 16)
    await closeHours(bench, trades, pb)
    await waitFor('json has all', async () => (await trades.recorded(MNQ)).length === trades.sent(MNQ).length)
    await expectSame(bench, trades.lines.length)
    expect(await bench.stored(EVENTS, 'ib.ops.seeded')).toMatchObject({ backend: 'pb', from: 'json', fromSeq: 1, different: [] })
    const gaps = await bench.allStored(EVENTS, 'ib.ops.log_gap')
    expect(gaps.filter(({ backend }) => backend === 'pb')).toEqual([])
    expect((await compareBackends({ dataDir: bench.dataDir, backends: ['json', 'pb'], endUs: START_US - US_PER_DAY })).ticks).toBe(1)
  }, 40_000)

  it.each(['kill 9 append', 'kill 20 rename it to durable'])(
    'goes on where it died: %s',
    async (point) => {
      await using bench = await WriterBench.open()
      const trades = new Trades(bench)
      await recorded(bench, trades, 20_000)
      const setting = { NATS_URL: bench.nats.url, DATA_DIR: bench.dataDir, HEALTH_PORT: '0', IB_HOST: '', CHECKPOINT_DURABLE_MS: '500' }
      await using victim = nodeProgram('writer-proto', 'services/writer-proto/src/main.ts', {
        ...setting,
        IB_STREAM_FAIL_POINT: point,
      }).start()
      await victim.exited
      const pb = bench.run(protoMessages)
      await atTheEnd(bench, pb, 16)
      await closeHours(bench, trades, pb)
      await waitFor('json has all', async () => (await trades.recorded(MNQ)).length === trades.sent(MNQ).length)
      await expectSame(bench, trades.lines.length)
    },
    60_000,
  )

  it('fills what it missed while it was away for longer than the log keeps, the same way', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    const json = bench.run(jsonLines)
    const first = bench.run(protoMessages)
    await trades.add(MNQ, 150)
    await atTheEnd(bench, first, 16)
    await first.stop()
    await trades.add(MNQ, 150)
    await trades.add(IBM, 20)
    await atTheEnd(bench, json, 17)
    await bench.bus.manager.streams.purge(TICKS, { seq: bench.publisher.acknowledged - 9 })
    const second = bench.run(protoMessages)
    await atTheEnd(bench, second, 16)
    await closeHours(bench, trades, second, json)
    await expectSame(bench, trades.lines.length)
    expect(await bench.stored(EVENTS, 'ib.ops.log_gap')).toBeUndefined()
  }, 40_000)

  it('writes the events that the log no longer holds from the stream EVENTS', async () => {
    await using bench = await WriterBench.open()
    const lines = Array.from({ length: 20 }, (_, n) => `{"kind":"gap","st":${START_US + n}}`)
    for (const line of lines) {
      bench.publisher.add({ subject: eventSubject('gap'), line, event: true })
      await bench.publisher.settled()
    }
    await waitFor('EVENTS has them', async () => (await bench.bus.manager.streams.info(EVENTS)).state.messages === 20)
    await bench.bus.manager.streams.purge(TICKS, { seq: 16 })
    const read = () => readFile(join(bench.dataDir, 'events/2025-07-30.jsonl'), 'utf8').catch(() => '')
    bench.run(jsonLines)
    await waitFor('they are there', async () => (await read()).length >= lines.join('\n').length)
    expect(await read()).toBe(`${lines.join('\n')}\n`)
    expect((await bench.allStored(EVENTS, 'ib.ops.log_gap')).filter(({ partition }) => partition === 'events')).toEqual([])
  })

  it('leaves a file alone that is not the beginning of what the other has, and says which', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    await recorded(bench, trades)
    const path = 'pb/2025/07/30/01/711280073_last_1753837200.pb'
    await mkdir(join(bench.dataDir, path, '..'), { recursive: true })
    const other = jsonToProto(trades.sent(MNQ)[3] ?? '')
    await writeFile(join(bench.dataDir, path), other)
    const pb = bench.run(protoMessages)
    await atTheEnd(bench, pb, 16)
    const seeded = await bench.allStored(EVENTS, 'ib.ops.seeded')
    expect(seeded.find(({ partition }) => partition === partitionOf(MNQ))).toMatchObject({ different: [path] })
    expect(await readFile(join(bench.dataDir, path))).toEqual(other)
    await rm(join(bench.dataDir, path))
  })
})

function jsonToProto(line: string): Buffer {
  const parts: Uint8Array[] = []
  protoMessages.append({ write: (bytes) => parts.push(bytes) }, { lines: Buffer.from(line), ticks: [JSON.parse(line)] })
  return Buffer.concat(parts)
}
