import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { partitionOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { canMount, WriterBench } from './support.ts'

const MNQ = 711280073

interface Health {
  parts: { writer?: { state: string; ready: boolean; lagMessages: number; lagSeconds: number } }
}

const writerOn = (bench: WriterBench, env: Record<string, string> = {}): TestProgram =>
  nodeProgram('writer-json', 'services/writer-json/src/main.ts', {
    NATS_URL: bench.nats.url,
    DATA_DIR: bench.dataDir,
    HEALTH_PORT: '0',
    IB_HOST: '',
    CHECKPOINT_DURABLE_MS: '500',
    ...env,
  }).start()

/** As a version that cuts the log into eight parts would have left them. */
async function asOfEightPartitions(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { checkpoint } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { checkpoint: object }
    const body = JSON.stringify({ ...checkpoint, partitionCount: 8 })
    await writeFile(join(folder, name), `{"crc32":"${crc32(body).toString(16).padStart(8, '0')}","checkpoint":${body}}\n`)
  }
}

async function pagesOf(program: TestProgram) {
  const { healthPort } = await program.logged('its pages', ({ msg }) => msg === 'started')
  const page = (name: string) => fetch(`http://127.0.0.1:${healthPort}/${name}`)
  /** A gauge of one partition. */
  const gauge = async (name: string, partition: number) => {
    const found = new RegExp(`^ibs_writer_partition_${name}\\{[^}]*partition="${partition}"[^}]*\\} (\\S+)$`, 'm').exec(
      await (await page('metrics')).text(),
    )
    return Number(found?.[1])
  }
  return { health: async () => (await (await page('health')).json()) as Health, ready: async () => (await page('ready')).status, gauge }
}

describe('a writer as a process', () => {
  it('is not ready while its disk takes nothing, tells by health and metrics how far it is behind, and that it has caught up', async () => {
    await using bench = await WriterBench.open()
    const partition = partitionOf(MNQ)
    await mkdir(join(bench.dataDir, 'json'), { recursive: true })
    const inTheWay = join(bench.dataDir, 'json/2025')
    await writeFile(inTheWay, 'no folder can be made here')
    await using program = writerOn(bench)
    const { health, ready, gauge } = await pagesOf(program)
    bench.publish(MNQ, 2_000)
    await waitFor('it is stalled', async () => (await health()).parts.writer?.state === 'stalled', 30_000)
    bench.publish(MNQ, 3_000)
    await bench.publisher.settled()
    const behind = await waitFor('it is behind', async () => {
      const { writer } = (await health()).parts
      return writer && writer.lagMessages > 0 && writer
    })
    expect(behind).toMatchObject({ state: 'stalled', ready: false })
    expect(behind.lagSeconds).toBeGreaterThan(1_000_000) // the ticks are of 2025
    expect(await ready()).toBe(503)
    expect(await gauge('lag_messages', partition)).toBeGreaterThan(0)
    expect(await gauge('durable_sequence', partition)).toBe(0)
    await waitFor('the last good commit grows old', async () => (await gauge('checkpoint_age_seconds', partition)) > 1)
    await rm(inTheWay)
    await waitFor('it is ready', async () => (await ready()) === 200, 30_000)
    await waitFor('it has all', async () => (await gauge('durable_sequence', partition)) === bench.publisher.acknowledged, 30_000)
    expect((await bench.recorded(MNQ)).length).toBe(5_000)
    expect((await health()).parts.writer).toMatchObject({ lagMessages: 0, lagSeconds: 0 })
    expect([await gauge('sequence', partition), await gauge('lag_messages', partition), await gauge('lag_seconds', partition)]).toEqual([
      bench.publisher.acknowledged,
      0,
      0,
    ])
    expect(await gauge('open_files', partition)).toBe(1)
    expect(await gauge('written_bytes', partition)).toBeGreaterThan(100_000)
  }, 90_000)

  it('ends, and says why, where the files were made with another number of partitions', async () => {
    await using bench = await WriterBench.open()
    bench.publish(MNQ, 10)
    const first = bench.run()
    await waitFor('they are there', async () => (await bench.recorded(MNQ)).length === 10)
    await first.stop()
    await asOfEightPartitions(join(bench.dataDir, '.state/json/checkpoints'))
    await using program = writerOn(bench)
    expect(await program.exited).not.toBe(0)
    expect(program.output).toMatch(/IBS_STORAGE_PARTITION_COUNT.*8 partitions/)
    expect((await bench.recorded(MNQ)).length).toBe(10)
  }, 40_000)

  if (canMount) {
    it('ends, and says why, where DATA_DIR is on an overlay file system, unless that is allowed', async () => {
      await using bench = await WriterBench.open()
      const layers = join(bench.nats.folder, 'layers')
      mkdirSync(layers)
      mkdirSync(bench.dataDir)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', layers])
      for (const name of ['lower', 'upper', 'work']) mkdirSync(join(layers, name))
      const dirs = ['lower', 'upper', 'work'].map((name) => `${name}dir=${join(layers, name)}`).join()
      try {
        execFileSync('mount', ['-t', 'overlay', '-o', dirs, 'overlay', bench.dataDir])
        await using refused = writerOn(bench, { IB_STREAM_OVERLAY: '' })
        expect(await refused.exited).not.toBe(0)
        expect(refused.output).toMatch(/IBS_STORAGE_FILE_SYSTEM.*overlay.*mount a volume/)
        await using _allowed = writerOn(bench, { IB_STREAM_OVERLAY: 'allow' })
        bench.publish(MNQ, 10)
        await waitFor('it records', async () => (await bench.recorded(MNQ)).length === 10, 30_000)
      } finally {
        for (const folder of [bench.dataDir, layers]) execFileSync('umount', ['--lazy', folder])
      }
    }, 40_000)
  }
})
