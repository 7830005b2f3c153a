import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EVENTS, TICKS, tickSubject } from '@ib-stream/bus'
import { eventSubject, partitionOf } from '@ib-stream/model'
import { verify } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { WriterBench } from './support.ts'
import { START_US, Trades } from './trades.ts'

const MNQ = 711280073
/** In the partition of MNQ, and the log holds nothing of it when the checkpoint is lost. */
const QUIET = quietNeighbour()
const CHECKPOINTS = '.state/json/checkpoints'
const DURABLE = `${CHECKPOINTS}/00.durable.json`
const VISIBLE = `${CHECKPOINTS}/00.visible.json`

type Damage = (dataDir: string) => Promise<void>

const only = async (dataDir: string) => rm(join(dataDir, VISIBLE))

const DAMAGE: Record<string, Damage> = {
  'is empty': async (dataDir) => {
    await only(dataDir)
    await writeFile(join(dataDir, DURABLE), '')
  },
  'is cut': async (dataDir) => {
    await only(dataDir)
    await truncate(join(dataDir, DURABLE), 100)
  },
  'has a flipped bit, beside a good visible one': async (dataDir) => {
    const bytes = await readFile(join(dataDir, DURABLE))
    bytes[60] = (bytes[60] ?? 0) ^ 1
    await writeFile(join(dataDir, DURABLE), bytes)
  },
  'is gone': async (dataDir) => {
    await only(dataDir)
    await rm(join(dataDir, DURABLE))
  },
  'is gone with all that the backend knew': (dataDir) => rm(join(dataDir, '.state/json'), { recursive: true }),
  'is an older one, put back from a copy': async (dataDir) => {
    await rm(join(dataDir, CHECKPOINTS), { recursive: true })
    await rename(join(dataDir, 'copy'), join(dataDir, CHECKPOINTS))
  },
}

describe('a checkpoint that is lost', () => {
  it.each(Object.keys(DAMAGE))(
    '%s: the files get every tick once and in order all the same',
    async (kind) => {
      await using bench = await WriterBench.open()
      const trades = new Trades(bench)
      const first = bench.run()
      await trades.add(QUIET, 20)
      await trades.add(MNQ, 80)
      await waitFor('the first are there', async () => (await trades.recorded(MNQ)).length === 80)
      await first.stop()
      await cp(join(bench.dataDir, CHECKPOINTS), join(bench.dataDir, 'copy'), { recursive: true })
      const second = bench.run()
      await trades.add(MNQ, 120, 40)
      await waitFor('the next are there', async () => (await trades.recorded(MNQ)).length === 200)
      await waitFor(
        'hours were closed',
        async () => (await readdir(join(bench.dataDir, '.state/json/manifest')).catch(() => [])).length > 0,
      )
      await second.stop()
      await bench.bus.manager.streams.purge(TICKS, { seq: 60 }) // as the keeper does
      await DAMAGE[kind]?.(bench.dataDir)
      const third = bench.run()
      await trades.add(MNQ, 30, 10)
      await waitFor('all are there', async () => (await trades.recorded(MNQ)).length >= 230)
      await third.stop()
      await bench.run().stop()
      expect(await trades.recorded(MNQ)).toEqual(trades.sent(MNQ))
      expect(await trades.recorded(QUIET)).toEqual(trades.sent(QUIET))
      const { damage, unreachable } = await verify({ dataDir: bench.dataDir })
      expect([...damage, ...unreachable]).toEqual([])
      expect(await bench.stored(EVENTS, 'ib.ops.checkpoint_rebuilt')).toMatchObject({ backend: 'json', partition: partitionOf(MNQ) })
      const gaps = await bench.allStored(EVENTS, 'ib.ops.log_gap')
      const isUnsure = kind === 'is gone with all that the backend knew' // without manifests nobody can say that the files have all up to the log's beginning
      expect(gaps.filter(({ partition }) => partition === partitionOf(MNQ))).toHaveLength(isUnsure ? 1 : 0)
    },
    40_000,
  )

  it('keeps what the files have of a log that was trimmed beyond them, and says which messages may be missing', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    const first = bench.run()
    await trades.add(MNQ, 100)
    await waitFor('the first are there', async () => (await trades.recorded(MNQ)).length === 100)
    await first.stop()
    await trades.add(MNQ, 100)
    await bench.bus.manager.streams.purge(TICKS, { seq: 151 })
    await only(bench.dataDir)
    await writeFile(join(bench.dataDir, DURABLE), '')
    const second = bench.run()
    await waitFor('what is left is there', async () => (await trades.recorded(MNQ)).length >= 150)
    await second.stop()
    expect(await trades.recorded(MNQ)).toEqual(trades.sent(MNQ).filter((_, i) => i < 100 || i >= 150))
    const gaps = await bench.allStored(EVENTS, 'ib.ops.log_gap')
    expect(gaps.find(({ partition }) => partition === partitionOf(MNQ))).toMatchObject({ toSeq: 150 })
  })

  it('of the recorder events: they are kept once and in order', async () => {
    await using bench = await WriterBench.open()
    const lines: string[] = []
    const event = async (n: number) => {
      const line = `{"kind":"gap","st":${START_US + n}}`
      lines.push(line)
      bench.publisher.add({ subject: eventSubject('gap'), line, event: true })
      await bench.publisher.settled()
    }
    const kept = async () =>
      (await readFile(join(bench.dataDir, 'events/2025-07-30.jsonl'), 'utf8').catch(() => '')).split('\n').slice(0, -1)
    const first = bench.run()
    for (let n = 0; n < 10; n++) await event(n)
    await waitFor('they are kept', async () => (await kept()).length === 10)
    await first.stop()
    await bench.bus.manager.streams.purge(TICKS, { seq: 5 })
    for (const name of ['events.visible.json', 'events.durable.json']) await rm(join(bench.dataDir, CHECKPOINTS, name))
    bench.run()
    await event(10)
    await waitFor('all are kept', async () => (await kept()).length >= 11)
    expect(await kept()).toEqual(lines)
  })

  it('is refused, by file and with what to do, where a file does not tell where to go on', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    const first = bench.run()
    await trades.add(MNQ, 50)
    await waitFor('they are there', async () => (await trades.recorded(MNQ)).length === 50)
    await first.stop()
    await bench.bus.manager.streams.purge(TICKS, { seq: 20 })
    const [path = ''] = await trades.files(MNQ)
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    await writeFile(path, `${[...lines.slice(25), ...lines.slice(0, 25)].join('\n')}\n`)
    const before = await readFile(path)
    await rm(join(bench.dataDir, CHECKPOINTS), { recursive: true })
    const { writer } = bench.run()
    const why = await waitFor('it says so', () => writer.failed.get(partitionOf(MNQ)))
    expect(why).toMatch(/IBS_STORAGE_CHECKPOINT_DAMAGED.*711280073_last_\d+\.jsonl.*restore/)
    expect(await readFile(path)).toEqual(before)
    expect(writer.failed.size).toBe(1)
  })

  it('waits while the log ends below the files, until ingest has refilled it', async () => {
    await using bench = await WriterBench.open()
    const trades = new Trades(bench)
    const first = bench.run()
    await trades.add(MNQ, 50)
    await trades.add(QUIET, 50)
    await waitFor('they are there', async () => (await trades.recorded(QUIET)).length === 50)
    await first.stop()
    await bench.publisher.close()
    const { config } = await bench.bus.manager.streams.info(TICKS)
    await bench.bus.manager.streams.delete(TICKS)
    await bench.bus.manager.streams.add(config)
    await bench.bus.jetstream.publish(tickSubject(MNQ, 'last'), `${trades.lines[0]}\n`) // an older store was put back: the log without its tail
    await rm(join(bench.dataDir, CHECKPOINTS), { recursive: true })
    const { writer } = bench.run()
    const why = await waitFor('it waits', () => writer.failed.get(partitionOf(QUIET)))
    expect(why).toContain('IBS_STORAGE_REBUILD_WAITS')
    await bench.reopenPublisher()
    await waitFor('it is taken', () => writer.partitions.has(partitionOf(QUIET)))
    await trades.add(QUIET, 1)
    await waitFor('all are there', async () => (await trades.recorded(QUIET)).length >= 51)
    expect(await trades.recorded(MNQ)).toEqual(trades.sent(MNQ))
    expect(await trades.recorded(QUIET)).toEqual(trades.sent(QUIET))
  }, 40_000)
})

function quietNeighbour(): number {
  for (let cid = 1_000; ; cid++) if (partitionOf(cid) === partitionOf(711280073)) return cid
}
