import { execFileSync } from 'node:child_process'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EVENTS, TICKS } from '@ib-stream/bus'
import { partitionOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { SegmentCodec } from '../src/codec.ts'
import { canMount, jsonLines, type Running, WriterBench } from './support.ts'

const MNQ = 711280073
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
const caughtUp = (bench: WriterBench, { writer }: Running) =>
  waitFor('every partition stands at the end', () => {
    const seqs = [...writer.partitions.values()].map(({ seq }) => seq)
    return seqs.length === 17 && seqs.every((seq) => seq === bench.publisher.acknowledged)
  })

describe('the log', () => {
  it('says for good which messages were trimmed before they were written, and goes on behind the hole', async () => {
    await using bench = await WriterBench.open()
    const first = bench.run()
    bench.publish(MNQ, 100)
    await bench.publisher.settled()
    await caughtUp(bench, first)
    await first.stop()
    bench.publish(MNQ, 100)
    await bench.publisher.settled()
    await bench.bus.manager.streams.purge(TICKS, { seq: 151 })
    const second = bench.run()
    await waitFor('what is left is there', async () => (await bench.recorded(MNQ)).length === 150)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(100), ...upTo(100).slice(50)])
    const events = await bench.allStored(EVENTS, 'ib.ops.log_gap')
    expect(events.find(({ partition }) => partition === partitionOf(MNQ))).toMatchObject({
      kind: 'log_gap',
      backend: 'json',
      fromSeq: 101,
      toSeq: 150,
      fromUs: 1_753_837_634_000_099,
    })
    expect(second.changes.map(({ reason }) => reason).join()).toContain('messages 101 to 150 are gone')
  })

  it('holds while the log ends below the files, and goes on when ingest has refilled it', async () => {
    await using bench = await WriterBench.open()
    const running = bench.run()
    bench.publish(MNQ, 100)
    await bench.publisher.settled()
    await caughtUp(bench, running)
    await bench.publisher.close()
    const { config } = await bench.bus.manager.streams.info(TICKS)
    await bench.bus.manager.streams.delete(TICKS)
    await bench.bus.manager.streams.add(config) // as an older store would be: the same log, without its tail
    await waitFor('it holds', () => running.writer.partitions.get(partitionOf(MNQ))?.state === 'holding')
    await bench.reopenPublisher()
    bench.publish(MNQ, 50)
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length >= 150)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(100), ...upTo(50)])
  }, 40_000)
})

describe('lines that cannot be written', () => {
  it('puts what the codec refuses into INVALID, leaves no half of it in the file, and writes its neighbours', async () => {
    await using bench = await WriterBench.open()
    const picky: SegmentCodec = {
      ...jsonLines,
      append: (out, { lines, ticks }) => {
        out.write(lines)
        if (ticks.some((tick) => 's' in tick && tick.s === 3)) throw new Error('three is refused')
      },
    }
    bench.publish(MNQ, 2_000) // so many at once come in batches
    bench.run(picky)
    await waitFor('the others are there', async () => (await bench.recorded(MNQ)).length === 1_999)
    expect(await bench.recorded(MNQ)).toEqual(upTo(2_000).filter((s) => s !== 3))
    const refused = await bench.stored('INVALID', `ticks_invalid.${MNQ}`)
    expect(refused).toMatchObject({ reason: expect.stringContaining('three is refused'), line: expect.stringContaining('"s":3}') })
  })
})

describe('the disk', () => {
  it('takes nothing more while it cannot write, says so, keeps its locks, and loses nothing when it can', async () => {
    await using bench = await WriterBench.open()
    await mkdir(join(bench.dataDir, 'json'), { recursive: true })
    await writeFile(join(bench.dataDir, 'json/2025'), 'no folder can be made here')
    const running = bench.run()
    bench.publish(MNQ, 5_000)
    const partition = partitionOf(MNQ)
    const stalled = await waitFor('it says so', () => {
      const status = running.writer.partitions.get(partition)
      return status?.state === 'stalled' ? status : undefined
    })
    bench.publish(MNQ, 3_000)
    await bench.publisher.settled()
    const other = bench.run()
    await waitFor('a replica shares', () => other.writer.partitions.size > 0)
    expect(other.writer.partitions.has(partition)).toBe(false)
    expect(running.writer.partitions.get(partition)?.seq).toBe(stalled.seq)
    expect(stalled.seq).toBeLessThan(bench.publisher.acknowledged)
    await rm(join(bench.dataDir, 'json/2025'))
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 8_000)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(5_000), ...upTo(3_000)])
    expect(running.writer.partitions.get(partition)?.state).toBe('following')
  }, 40_000)

  if (canMount) {
    it('waits for room on a full disk, and for a read-only one to take writes, with every tick once and in order', async () => {
      await using bench = await WriterBench.open()
      await mkdir(bench.dataDir, { recursive: true })
      const mount = (...args: string[]) => execFileSync('mount', [...args, bench.dataDir])
      mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
      try {
        const running = bench.run()
        bench.publish(MNQ, 20_000)
        await waitFor('it is full', () => running.writer.partitions.get(partitionOf(MNQ))?.state === 'stalled')
        mount('-o', 'remount,size=64m')
        await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 20_000)
        await running.stop()
        mount('-o', 'remount,ro') // which the kernel refuses while files are open for writing
        bench.publish(MNQ, 1_000)
        const later = bench.run()
        await waitFor('it is read-only', () => later.writer.state === 'no_disk')
        mount('-o', 'remount,rw')
        await waitFor('the rest is there', async () => (await bench.recorded(MNQ)).length === 21_000)
        expect(await bench.recorded(MNQ)).toEqual([...upTo(20_000), ...upTo(1_000)])
        await later.stop()
      } finally {
        execFileSync('umount', ['--lazy', bench.dataDir])
      }
    }, 60_000)
  }

  it('waits for a DATA_DIR in which not even a seat can be made, and says why', async () => {
    await using bench = await WriterBench.open()
    await writeFile(bench.dataDir, 'no folder')
    bench.publish(MNQ, 5)
    const { writer } = bench.run()
    await waitFor('it says so', () => writer.state === 'no_disk')
    expect(writer.problem).toMatch(/EEXIST|ENOTDIR/)
    await rm(bench.dataDir)
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 5)
    expect(writer.problem).toBeUndefined()
  })
})

describe('lock files', () => {
  it('refuses to go on under a lock file that was replaced, by name, then takes the new one, and doubles nothing', async () => {
    await using bench = await WriterBench.open()
    const running = bench.run()
    bench.publish(MNQ, 100)
    await waitFor('they are there', async () => (await bench.recorded(MNQ)).length === 100)
    const locks = join(bench.dataDir, '.state/json/locks')
    for (const name of await readdir(locks)) {
      await writeFile(join(locks, `${name}.new`), '')
      await rename(join(locks, `${name}.new`), join(locks, name))
    }
    bench.publish(MNQ, 100)
    await waitFor('it is said', () => running.changes.find(({ reason }) => reason.includes('IBS_STORAGE_LOCK_REPLACED')))
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 200)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(100), ...upTo(100)])
  })
})
