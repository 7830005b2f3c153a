import { type Bus, connectBus } from '@ib-stream/bus'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { WriterStats } from '../src/serve-writer.ts'
import { WriterBench } from './support.ts'

const MNQ = 711280073 // partition 0

interface Answer {
  id: string
  metadata: Record<string, string>
  endpoints: { data: WriterStats }[]
}

async function ask(bus: Bus, subject: string): Promise<Answer[]> {
  const answers: Answer[] = []
  const stream = await bus.connection.requestMany(subject, '', { strategy: 'timer', maxWait: 500 })
  for await (const message of stream) if (message.data.length > 0) answers.push(message.json<Answer>())
  return answers
}

const statsOf = async (bus: Bus): Promise<WriterStats[]> =>
  (await ask(bus, '$SRV.STATS.writer-json').catch(() => [])).flatMap(({ endpoints }) => endpoints.map(({ data }) => data))

describe('serveWriter, by the services as they run', () => {
  it('says over the bus whose replica it is, which partitions it holds and how far each is; both together hold all', async () => {
    await using bench = await WriterBench.open()
    await using asking = await connectBus({ url: bench.nats.url, name: 'asking' })
    const env = { NATS_URL: bench.nats.url, DATA_DIR: bench.dataDir, HEALTH_PORT: '0', IB_HOST: '' }
    const start = () => nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
    await using first = start()
    await using second = start()
    bench.publish(MNQ, 300)
    await bench.publisher.settled()
    const atEnd = ({ seq }: { seq: number }) => seq === bench.publisher.acknowledged
    const both = await waitFor(
      'two that share and have everything',
      async () => {
        const stats = await statsOf(asking)
        return stats.length === 2 && stats.every(({ partitions }) => partitions.length >= 8 && partitions.every(atEnd)) && stats
      },
      40_000,
    )
    expect(new Set(both.flatMap(({ partitions }) => partitions.map(({ partition }) => partition))).size).toBe(17)
    const [wrote] = both.flatMap(({ partitions }) => partitions).filter(({ partition }) => partition === 0)
    expect(wrote).toMatchObject({ state: 'following', lagMessages: 0, lagSeconds: 0, checkpointAgeSeconds: expect.any(Number) })
    const names = (await ask(asking, '$SRV.INFO.writer-json')).map(({ metadata }) => metadata)
    const owners = names.map(({ owner }) => Number(owner?.split(':')[1])).sort()
    expect(owners).toEqual([first.pid, second.pid].sort())
    expect(names[0]).toMatchObject({ backend: 'json', source: 'simulator' })
    expect(await first.stop()).toBe(0)
    await waitFor(
      'the other alone, with all',
      async () => (await statsOf(asking)).map(({ partitions }) => partitions.length).join() === '17',
    )
    bench.publish(MNQ, 10)
    const alone = await waitFor('it has written', async () => (await statsOf(asking)).find(({ ticks, bytes }) => ticks >= 10 && bytes > 0))
    expect(alone.openFiles).toBeGreaterThan(0)
    const { healthPort } = await second.logged('its start', ({ msg }) => msg === 'started')
    const metrics = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text()
    expect(metrics).toMatch(/^ibs_writer_ticks_total\{[^}]*tick_type="last"[^}]*\} [1-9]/m)
  }, 90_000)
})
