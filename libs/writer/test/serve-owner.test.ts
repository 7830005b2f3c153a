import { readFile, writeFile } from 'node:fs/promises'
import { adminSubject, askOwner } from '@ib-stream/bus'
import { partitionOf } from '@ib-stream/model'
import { verify } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { jsonLines, protoMessages, WriterBench } from './support.ts'
import { Trades } from './trades.ts'

const MNQ = 711280073
const partition = partitionOf(MNQ)

/** Both backends at work on some closed hours. */
async function working() {
  const bench = await WriterBench.open()
  const trades = new Trades(bench)
  const json = bench.run(jsonLines)
  const pb = bench.run(protoMessages)
  await trades.add(MNQ, 120, 30)
  await waitFor('both have them', () =>
    [json, pb].every(({ writer }) => writer.partitions.get(partition)?.durableSeq === bench.publisher.acknowledged),
  )
  return { bench, trades, json, pb, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

describe('the owner of a partition, asked over the bus', () => {
  it('mends a closed file while it goes on recording: every tick once and in order', async () => {
    await using at = await working()
    const { bench, trades } = at
    const [path = ''] = await trades.files(MNQ)
    const whole = await readFile(path)
    await writeFile(path, Buffer.from(whole).fill(0, 10, 90))
    const sending = trades.add(MNQ, 2_000, 500)
    const said: unknown[] = []
    const answer = await askOwner(bench.bus, {
      backend: 'json',
      partition,
      request: { do: 'repair' },
      onSaid: (one) => said.push(one),
    })
    expect(answer).toEqual({ unreachable: [] })
    expect(said).toEqual([expect.objectContaining({ kind: 'changed', did: 'restored' })])
    expect(await readFile(path)).toEqual(whole)
    await sending
    await waitFor('all are there', async () => (await trades.recorded(MNQ)).length >= trades.sent(MNQ).length)
    await Promise.all([at.json.stop(), at.pb.stop()])
    expect(await trades.recorded(MNQ)).toEqual(trades.sent(MNQ))
    expect((await verify({ dataDir: bench.dataDir })).damage).toEqual([])
  }, 40_000)

  it('refuses what it does not know, in words, and goes on', async () => {
    await using at = await working()
    const { bench, trades } = at
    const ask = (request: object) => askOwner(bench.bus, { backend: 'json', partition, request })
    await expect(ask({ do: 'dance' })).rejects.toThrow('IBS_STORAGE_JOB_INVALID: do is "dance"')
    await expect(ask({ do: 'repair', startUs: 'now' })).rejects.toMatchObject({ code: 'IBS_BUS_OWNER_REFUSED' })
    bench.bus.connection.publish(adminSubject('json', partition), 'no JSON')
    await trades.add(MNQ, 10)
    await waitFor('it goes on', async () => (await trades.recorded(MNQ)).length === 130)
  })

  it('says that nobody owns a partition', async () => {
    await using bench = await WriterBench.open()
    await expect(askOwner(bench.bus, { backend: 'pb', partition: 3, request: { do: 'repair' } })).rejects.toMatchObject({
      code: 'IBS_BUS_NO_OWNER',
      message: expect.stringContaining('--offline'),
    })
  })
})
