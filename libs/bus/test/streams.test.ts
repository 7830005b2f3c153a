import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { nextMessage } from '../src/log-look.ts'
import { createLog, EVENTS, ensureSideStreams, forgetFirstSeq, INVALID, partitionFilter, readLog, TICKS } from '../src/streams.ts'
import { TestNats } from './support/test-nats.ts'

const owner = { spoolId: 'spool-a', source: 'simulator' }

describe('streams', () => {
  it('makes the log with its owner, its first sequence, and the partition in the stored subject', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream, connection } = await nats.bus()
    expect(await readLog(manager)).toBeUndefined()
    await createLog(manager, owner, { firstSeq: 101, maxBytes: 1_000_000 })
    await ensureSideStreams(manager)
    await ensureSideStreams(manager)
    expect(await readLog(manager)).toEqual({ firstSeq: 101, lastSeq: 100, bytes: 0, maxBytes: 1_000_000, owner })
    const stored: [number, number][] = [
      [265598, 2],
      [8314, 9],
      [756733, 12],
      [711280073, 0],
    ]
    for (const [i, [cid, partition]] of stored.entries()) {
      await jetstream.publish(`ticks.${cid}.last`, `${cid}\n`)
      expect((await nextMessage(manager, { filter: partitionFilter(partition), fromSeq: 1 }))?.seq).toBe(101 + i)
      expect(await nextMessage(manager, { filter: partitionFilter(partition), fromSeq: 102 + i })).toBeUndefined()
    }
    await connection.flush()
  })

  it('takes a log that is there already only for the same owner', async () => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000 })
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000 })
    await expect(createLog(manager, { ...owner, spoolId: 'spool-b' }, { firstSeq: 1, maxBytes: 1_000_000 })).rejects.toThrow()
    expect((await readLog(manager))?.owner).toEqual(owner)
  })

  it('regression: keeps the messages of a log that began above 1 when the server starts anew', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    for (const made of [() => createLog(manager, owner, { firstSeq: 101, maxBytes: 1_000_000 }), () => forgetFirstSeq(manager)]) {
      const { config, state } = await made()
      expect([config.first_seq ?? 0, state.first_seq, state.last_seq]).toEqual([0, 101, 100])
    }
    for (const n of [101, 102]) await jetstream.publish('ticks.1.last', `${n}\n`, { expect: { lastSequence: n - 1 } })
    await nats.kill()
    await nats.start()
    await waitFor('the log', async () => (await readLog(manager).catch(() => undefined)) !== undefined)
    expect(await readLog(manager)).toMatchObject({ firstSeq: 101, lastSeq: 102, owner })
  })

  it('a new log begins at 1 before its first message too', async () => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000 })
    expect(await readLog(manager)).toMatchObject({ firstSeq: 1, lastSeq: 0 })
  })

  it('refuses a side stream of another configuration, by field', async () => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000 })
    await manager.streams.add({ name: INVALID, subjects: ['ticks_invalid.*'], max_age: 1_000_000_000 })
    await expect(ensureSideStreams(manager)).rejects.toMatchObject({
      code: 'IBS_BUS_STREAM_DIFFERS',
      message: expect.stringContaining('max_age'),
    })
  })

  it('keeps the events of the log in EVENTS too, in their order', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000 })
    await ensureSideStreams(manager)
    for (const n of [1, 2, 3]) await jetstream.publish('ib.events.gap', `{"n":${n}}\n`)
    await expect(manager.streams.info(TICKS)).resolves.toMatchObject({ state: { messages: 3 } })
    await waitFor('the events', async () => (await manager.streams.info(EVENTS)).state.messages === 3)
    expect((await manager.streams.getMessage(EVENTS, { seq: 3 }))?.string()).toBe('{"n":3}\n')
  })
})
