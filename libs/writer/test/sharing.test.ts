import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, connectBus, EVENTS } from '@ib-stream/bus'
import { partitionOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { takeSeat } from '../src/seats.ts'
import { jsonLines, WriterBench } from './support.ts'

const MNQ = 711280073
const IBM = 8314
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A bus whose server takes its time to give single messages of a stream. */
function slowToLookUp(bus: Bus, until: Promise<void>): Bus {
  const streams = Object.create(bus.manager.streams) as Bus['manager']['streams']
  streams.getMessage = async (stream, query) => {
    await until
    return await bus.manager.streams.getMessage(stream, query)
  }
  const manager = Object.create(bus.manager, { streams: { value: streams } }) as Bus['manager']
  return Object.create(bus, { manager: { value: manager } }) as Bus
}

describe('replicas that share', () => {
  it('leaves partitions that stay with their owner alone while others come and go', async () => {
    await using bench = await WriterBench.open()
    const first = bench.run()
    await waitFor('the first holds all', () => first.writer.partitions.size === 17)
    const second = bench.run()
    await waitFor('they share', () => second.writer.partitions.size === 8)
    const stayed = [...first.writer.partitions.keys()]
    await second.stop()
    await waitFor('the first holds all again', () => first.writer.partitions.size === 17)
    const touched = new Set(first.changes.filter(({ to }) => to === 'released').map(({ partition }) => partition))
    expect(stayed.filter((partition) => touched.has(partition))).toEqual([])
    expect(stayed.length).toBe(9)
  })

  it("regression: takes a dead replica's partitions at once, though one of its own takes long to recover", async () => {
    await using bench = await WriterBench.open()
    const first = bench.run()
    bench.publish(IBM, 10)
    await waitFor('all are there', async () => (await bench.recorded(IBM)).length === 10)
    await first.stop()
    const state = join(bench.dataDir, '.state/json')
    const lost = (await readdir(join(state, 'checkpoints'))).filter((name) => name.startsWith('09.'))
    await Promise.all(lost.map((name) => rm(join(state, 'checkpoints', name))))
    const answers = Promise.withResolvers<void>()
    await using ending = new AsyncDisposableStack()
    ending.defer(() => answers.resolve()) // the writer would not end before
    await using other = await takeSeat(join(state, 'seats'))
    const { writer } = bench.run(jsonLines, slowToLookUp(bench.bus, answers.promise))
    await waitFor('it holds its half but for that one', () => writer.partitions.size === 7)
    await other.close()
    await waitFor('it holds the rest too', () => writer.partitions.size === 16)
    expect(writer.partitions.has(9)).toBe(false)
    answers.resolve()
    await waitFor('it holds all', () => writer.partitions.size === 17)
  })

  it('gives everything up when it is cut off from the bus, so that another goes on, and shares again when it is back', async () => {
    await using bench = await WriterBench.open()
    await using proxy = await TcpProxy.start(Number(new URL(bench.nats.url).port))
    await using farBus = await connectBus({ url: `nats://127.0.0.1:${proxy.port}`, name: 'far' })
    const far = bench.run(jsonLines, farBus)
    await waitFor('the far one holds all', () => far.writer.partitions.size === 17)
    const near = bench.run()
    await waitFor('they share', () => near.writer.partitions.size === 8 && far.writer.partitions.size === 9)
    bench.publish(MNQ, 200)
    proxy.mode = 'cut'
    bench.publish(MNQ, 300)
    await waitFor('the near one holds all', () => near.writer.partitions.size === 17, 30_000)
    expect(far.writer.state).toBe('away')
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 500)
    proxy.mode = 'open'
    await waitFor('they share again', () => far.writer.partitions.size === 9 && near.writer.partitions.size === 8, 30_000)
    bench.publish(MNQ, 100)
    await waitFor('the rest is there', async () => (await bench.recorded(MNQ)).length === 600)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(200), ...upTo(300), ...upTo(100)])
  }, 60_000)

  it('leaves the partitions of a frozen replica alone, says that its lock is held but its checkpoint stale, and loses nothing when it wakes', async () => {
    await using bench = await WriterBench.open()
    await using frozen = nodeProgram('writer-json', 'services/writer-json/src/main.ts', {
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      CHECKPOINT_DURABLE_MS: '500',
      IB_HOST: '',
    }).start()
    bench.publish(MNQ, 100)
    await waitFor('it writes', async () => (await bench.recorded(MNQ)).length === 100)
    frozen.signal('SIGSTOP')
    const { writer, stale } = bench.run()
    bench.publish(MNQ, 100)
    bench.publish(IBM, 100)
    const seen = await waitFor('it is seen', () => writer.staleOwners.get(partitionOf(MNQ)), 30_000)
    expect(seen.logSeq).toBeGreaterThan(seen.seq)
    expect(writer.partitions.has(partitionOf(MNQ))).toBe(false)
    const said = await waitFor('it is said', () => bench.stored(EVENTS, 'ib.ops.owner_stale'))
    expect(said).toMatchObject({ kind: 'owner_stale', backend: 'json', service: 'writer-json' })
    frozen.signal('SIGCONT')
    await waitFor('nobody is stale', () => writer.staleOwners.size === 0, 30_000)
    expect(stale).toContainEqual({ partition: partitionOf(MNQ), state: 'moves' })
    await waitFor('all are there', async () => (await bench.recorded(MNQ)).length === 200 && (await bench.recorded(IBM)).length === 100)
    expect(await bench.recorded(MNQ)).toEqual([...upTo(100), ...upTo(100)])
  }, 60_000)
})
