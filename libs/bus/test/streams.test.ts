import { describe, expect, it } from '@jest/globals'
import { DiscardPolicy, StorageType } from '@nats-io/jetstream'
import { waitFor } from '../../../test/support/wait-for.ts'
import { ensureStream } from '../src/ensure-stream.ts'
import { nextMessage } from '../src/log-look.ts'
import { bucketConfig, EVENTS, eventsConfig, INVALID, invalidConfig, logConfig, TICKS } from '../src/stream-configs.ts'
import { createLog, ensureStreams, forgetFirstSeq, partitionFilter, readLog } from '../src/streams.ts'
import { TestNats } from './support/test-nats.ts'

const owner = { spoolId: 'spool-a', source: 'simulator' }

describe('streams', () => {
  it('makes the log with its owner, its first sequence, and the partition in the stored subject', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream, connection } = await nats.bus()
    expect(await readLog(manager)).toBeUndefined()
    await createLog(manager, owner, { firstSeq: 101, maxBytes: 1_000_000, replicas: 1 })
    await ensureStreams(manager, owner, 1)
    await ensureStreams(manager, owner, 1)
    expect(await readLog(manager)).toEqual({
      firstSeq: 101,
      lastSeq: 100,
      bytes: 0,
      maxBytes: 1_000_000,
      owner,
      partitionCount: 16,
      followers: [],
    })
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
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await expect(createLog(manager, { ...owner, spoolId: 'spool-b' }, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })).rejects.toThrow()
    expect((await readLog(manager))?.owner).toEqual(owner)
  })

  it('regression: keeps the messages of a log that began above 1 when the server starts anew', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    for (const made of [
      () => createLog(manager, owner, { firstSeq: 101, maxBytes: 1_000_000, replicas: 1 }),
      () => forgetFirstSeq(manager),
    ]) {
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
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    expect(await readLog(manager)).toMatchObject({ firstSeq: 1, lastSeq: 0 })
  })

  it('makes every stream and bucket exactly as it is written down, with each field', async () => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await ensureStreams(manager, owner, 1)
    const configs = [
      logConfig(owner, { maxBytes: 1_000_000, replicas: 1 }),
      eventsConfig(1),
      invalidConfig(1),
      bucketConfig('tracked', 1),
      bucketConfig('contracts', 1),
    ]
    expect((await manager.streams.names().next()).sort()).toEqual(configs.map(({ name }) => name).sort())
    for (const wanted of configs) {
      const { config } = await manager.streams.info(wanted.name)
      for (const [field, value] of Object.entries(wanted))
        if (value || field === 'sealed')
          expect([wanted.name, field, config[field as keyof typeof config] || false]).toMatchObject([wanted.name, field, value])
    }
  })

  it.each([
    [TICKS, { max_age: 3_600_000_000_000 }],
    [TICKS, { discard: DiscardPolicy.Old, duplicate_window: 1_000_000_000 }],
    [EVENTS, { max_bytes: 1_000_000 }],
    [INVALID, { max_age: 3_600_000_000_000, max_msgs: 10 }],
    ['KV_tracked', { allow_direct: false }],
  ])('changes back in %s what somebody changed and what costs no message: %j', async (name, change) => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await ensureStreams(manager, owner, 1)
    const { config } = await manager.streams.info(name)
    await manager.streams.update(name, change)
    await ensureStreams(manager, owner, 1)
    expect((await manager.streams.info(name)).config).toEqual(config)
  })

  it('refuses a stream that cannot be made right without losing messages, by its name and field, and leaves it as it is', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await manager.streams.add({ name: INVALID, subjects: ['ticks_invalid.*'], storage: StorageType.Memory })
    await jetstream.publish('ticks_invalid.1', 'kept')
    await expect(ensureStreams(manager, owner, 1)).rejects.toMatchObject({
      code: 'IBS_BUS_STREAM_DIFFERS',
      message: expect.stringMatching(/stream INVALID differs \(storage: wanted "file", is "memory"\).*nats stream backup/),
      facts: { stream: INVALID, fields: expect.arrayContaining(['storage']) },
    })
    expect(await manager.streams.info(INVALID)).toMatchObject({ config: { storage: 'memory' }, state: { messages: 1 } })
  })

  it('refuses a log that is cut into another number of partitions, which readers see too', async () => {
    await using nats = await TestNats.start()
    const { manager } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    const dest = 'ticks.{{partition(8,1)}}.{{wildcard(1)}}.{{wildcard(2)}}'
    await manager.streams.update(TICKS, { subject_transform: { src: 'ticks.*.*', dest } })
    await expect(ensureStreams(manager, owner, 1)).rejects.toMatchObject({
      code: 'IBS_BUS_STREAM_DIFFERS',
      facts: { stream: TICKS, fields: ['subject_transform'] },
    })
    expect((await readLog(manager))?.partitionCount).toBe(8)
  })

  it('refuses a limit under which messages would go, and takes it where they have their room', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    await manager.streams.add(bucketConfig('many', 1))
    await manager.streams.update('KV_many', { max_msgs_per_subject: 5 })
    await expect(ensureStream(manager, bucketConfig('many', 1))).rejects.toThrow('max_msgs_per_subject: wanted 1, is 5')
    await manager.streams.add({ ...invalidConfig(1), max_bytes: -1 })
    await jetstream.publish('ticks_invalid.1', 'x'.repeat(1_000))
    await expect(ensureStream(manager, { ...invalidConfig(1), max_bytes: 100 })).rejects.toThrow('max_bytes: wanted 100, is -1')
    await ensureStream(manager, invalidConfig(1))
    expect((await manager.streams.info(INVALID)).state.messages).toBe(1)
  })

  it('keeps the events of the log in EVENTS too, in their order', async () => {
    await using nats = await TestNats.start()
    const { manager, jetstream } = await nats.bus()
    await createLog(manager, owner, { firstSeq: 1, maxBytes: 1_000_000, replicas: 1 })
    await ensureStreams(manager, owner, 1)
    for (const n of [1, 2, 3]) await jetstream.publish('ib.events.gap', `{"n":${n}}\n`)
    await expect(manager.streams.info(TICKS)).resolves.toMatchObject({ state: { messages: 3 } })
    await waitFor('the events', async () => (await manager.streams.info(EVENTS)).state.messages === 3)
    expect((await manager.streams.getMessage(EVENTS, { seq: 3 }))?.string()).toBe('{"n":3}\n')
  })
})
