import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TICKS } from '@ib-stream/bus'
import { eventSubject, partitionOf, US_PER_HOUR } from '@ib-stream/model'
import { readManifests, segmentPath } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { openWriter } from '../src/writer.ts'
import { jsonLines, WriterBench } from './support.ts'
import { START_US, Trades } from './trades.ts'

const MNQ = 711280073
const IBM = 8314
const AAPL = 265598
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('openWriter, on a real log', () => {
  it('writes what came before it and what comes after, once and in order', async () => {
    await using bench = await WriterBench.open()
    bench.publish(MNQ, 700)
    bench.run()
    await waitFor('the first are there', async () => (await bench.recorded(MNQ)).length === 700)
    bench.publish(MNQ, 300)
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 1_000)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(700), ...upTo(300)])
  })

  it('keeps the recorder events of the log by day, in the backend that is told to', async () => {
    await using bench = await WriterBench.open()
    bench.publisher.add({ subject: eventSubject('gap'), line: '{"kind":"gap","st":1753837634000000}', event: true })
    bench.run()
    const text = await waitFor('the events file', () =>
      readFile(join(bench.dataDir, 'events/2025-07-30.jsonl'), 'utf8').catch(() => undefined),
    )
    expect(text).toBe('{"kind":"gap","st":1753837634000000}\n')
  })

  it('shares the partitions with replicas that come and go, and loses and doubles nothing at each hand-over', async () => {
    await using bench = await WriterBench.open()
    const first = bench.run()
    await waitFor('the first holds all', () => first.writer.partitions.size === 17)
    bench.publish(MNQ, 500)
    bench.publish(IBM, 500)
    const second = bench.run()
    await waitFor('they share', () => second.writer.partitions.size === 8 && first.writer.partitions.size === 9)
    expect([...second.writer.partitions.keys()].some((partition) => first.writer.partitions.has(partition))).toBe(false)
    bench.publish(MNQ, 500)
    bench.publish(IBM, 500)
    await first.stop()
    await waitFor('the second holds all', () => second.writer.partitions.size === 17)
    bench.publish(IBM, 10)
    await waitFor('all are there', async () => (await bench.recorded(IBM)).length === 1_010 && (await bench.recorded(MNQ)).length === 1_000)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(500), ...upTo(500)])
    expect(await bench.recorded(IBM)).toEqual([...upTo(500), ...upTo(500), ...upTo(10)])
  })

  it('takes over from a replica that was killed, from its last commit', async () => {
    await using bench = await WriterBench.open()
    await using victim = nodeProgram('writer-json', 'services/writer-json/src/main.ts', {
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      HEALTH_PORT: '0',
      IB_HOST: '',
    }).start()
    bench.publish(MNQ, 2_000)
    await waitFor('it writes', async () => (await bench.recorded(MNQ)).length > 0)
    bench.publish(MNQ, 20_000)
    await victim.kill()
    bench.run()
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length >= 22_000)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(2_000), ...upTo(20_000)])
  })

  it('puts a line that is no tick into INVALID with the reason, and goes on', async () => {
    await using bench = await WriterBench.open()
    bench.publish(AAPL, 1)
    bench.publisher.add({ subject: `ticks.${AAPL}.last`, line: '{"ts":1,"poison":true}' })
    bench.publish(AAPL, 1)
    bench.run()
    await waitFor('both ticks are there', async () => (await bench.recorded(AAPL)).length === 2)
    const message = await bench.bus.manager.streams.getMessage('INVALID', { seq: 1 })
    expect(message?.subject).toBe(`ticks_invalid.${AAPL}`)
    expect(message?.json()).toMatchObject({ field: 'tt', line: '{"ts":1,"poison":true}', seq: 2 })
  })

  it('regression: a line whose record was more than the bus takes in one message held its partition up for ever', async () => {
    await using bench = await WriterBench.open()
    bench.publish(AAPL, 1)
    const tick = { ts: 1_753_837_634_000_000, st: 1_753_837_634_000_000, cid: AAPL, tt: 'last', rid: 1, p: 1, s: 1 }
    const poison = JSON.stringify({ ...tick, ['"'.repeat(150_000)]: 'x'.repeat(500_000) }) // a field that no tick has
    bench.publisher.add({ subject: `ticks.${AAPL}.last`, line: poison })
    bench.publish(AAPL, 1)
    bench.run()
    await waitFor('both ticks are there', async () => (await bench.recorded(AAPL)).length === 2)
    const found = await bench.allStored('INVALID', `ticks_invalid.${AAPL}`)
    expect(found.map(({ seq, part, parts }) => ({ seq, part, parts }))).toEqual(
      found.map((_, k) => ({ seq: 2, part: k + 1, parts: found.length })),
    )
    expect(found.map(({ line }) => line).join('')).toBe(poison)
  })

  it('moves the position of a quiet partition on with the log', async () => {
    await using bench = await WriterBench.open()
    const { writer } = bench.run()
    bench.publish(MNQ, 50)
    await bench.publisher.settled()
    await waitFor(
      'every partition stands at the end',
      () => writer.partitions.size === 17 && [...writer.partitions.values()].every(({ seq }) => seq === bench.publisher.acknowledged),
    )
    expect(partitionOf(MNQ)).toBe(0)
  })

  it('regression: the last hour of a contract that has a partition to itself and trades no more stayed open for ever', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    bench.run()
    await trades.add(MNQ, 10)
    await trades.add(IBM, 20, 10) // two hours of another partition
    const hour = segmentPath({ backend: 'json', cid: MNQ, tt: 'last', hourUs: START_US })
    const entry = await waitFor('its hour is closed', async () => {
      const { entries } = await readManifests(
        { dataDir: bench.dataDir, backend: 'json', partition: partitionOf(MNQ), startUs: START_US, endUs: START_US + US_PER_HOUR },
        {},
      )
      return entries.get(hour)
    })
    expect(entry).toMatchObject({ count: 10 })
    await trades.add(MNQ, 5)
    await waitFor('what comes later is there', async () => (await trades.recorded(MNQ)).length === 15)
    expect(await trades.recorded(MNQ)).toEqual(trades.sent(MNQ))
  })

  it('regression: goes on with the other partitions when one cannot be taken, says so, and takes it when it is mended', async () => {
    await using bench = await WriterBench.open()
    const checkpoints = join(bench.dataDir, '.state/json/checkpoints')
    const broken = join(checkpoints, `${String(partitionOf(MNQ)).padStart(2, '0')}.durable.json`)
    await mkdir(broken, { recursive: true }) // a folder in place of the file
    const { writer, changes } = bench.run()
    bench.publish(MNQ, 5)
    bench.publish(IBM, 5)
    await waitFor('the others are held', () => writer.partitions.size === 16)
    await waitFor('they write', async () => (await bench.recorded(IBM)).length === 5)
    expect([...writer.failed.keys()]).toEqual([partitionOf(MNQ)])
    expect(changes).toContainEqual(
      expect.objectContaining({ partition: partitionOf(MNQ), to: 'released', reason: expect.stringContaining('failed') }),
    )
    await rm(broken, { recursive: true })
    await waitFor('it is taken', async () => (await bench.recorded(MNQ)).length === 5)
    expect(writer.failed.size).toBe(0)
  })

  it('refuses a log of the other source', async () => {
    await using bench = await WriterBench.open()
    bench.publish(MNQ, 1)
    await bench.publisher.settled()
    const writer = openWriter({
      codec: jsonLines,
      bus: bench.bus,
      dataDir: bench.dataDir,
      source: 'gateway',
      checkpointVisibleMs: 50,
      checkpointDurableMs: 200,
      onChange: () => undefined,
    })
    await expect(writer.run(new AbortController().signal)).rejects.toMatchObject({ code: 'IBS_WRITER_SOURCE_MIXED' })
  })

  it('refuses a log that is cut into another number of partitions, and writes nothing of it', async () => {
    await using bench = await WriterBench.open()
    const dest = 'ticks.{{partition(8,1)}}.{{wildcard(1)}}.{{wildcard(2)}}'
    await bench.publisher.settled()
    await waitFor('the log', () => bench.bus.manager.streams.info(TICKS).catch(() => undefined))
    await bench.bus.manager.streams.update(TICKS, { subject_transform: { src: 'ticks.*.*', dest } })
    bench.publish(MNQ, 5)
    bench.publish(IBM, 5)
    await bench.publisher.settled()
    await expect(bench.run().done).rejects.toMatchObject({
      code: 'IBS_WRITER_PARTITION_COUNT',
      message: expect.stringContaining('8 partitions, this version shares 16'),
    })
    expect([...(await bench.recorded(MNQ)), ...(await bench.recorded(IBM))]).toEqual([])
    expect(await bench.stored('INVALID', 'ticks_invalid.>')).toBeUndefined()
  })
})
