import { mkdir } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { BatchMerger } from '../src/batch-merger.ts'
import { SEGMENT_BYTES } from '../src/spool-segment.ts'
import { eventLine, linesIn, range, stampsOf, tape, tickLine } from './support/lines.ts'
import { logContents, TestNats } from './support/test-nats.ts'
import { fillDisk, publish, publisherIs, testPublisher } from './support/test-publisher.ts'

describe('publisher', () => {
  it('brings every line into the log: its own message, in order, sequence for number', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, [tickLine(1), eventLine(2), ...tape(3, 100)])
    const messages = await logContents(bus)
    expect(messages.map(({ seq }) => seq)).toEqual(range(1, 100))
    expect(stampsOf(messages)).toEqual(range(1, 100))
    expect(messages.slice(0, 3).map(({ subject }) => subject)).toEqual(['ticks.9.8314.last', 'ib.events.connection', 'ticks.9.8314.last'])
    expect([publisher.state, publisher.acknowledged, publisher.waitingLines]).toEqual(['sending', 100, 0])
  })

  it('sends a line at once while the log keeps up, and what waits in batches as soon as it does not', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder, { mostSingles: 16 })
    for (const st of range(1, 40)) await publish(publisher, [tickLine(st)])
    expect((await logContents(bus)).map(({ seq, payload }) => [seq, ...stampsOf([{ payload }])])).toEqual(range(1, 40).map((n) => [n, n]))
    await publish(publisher, tape(41, 240))
    const batch = (await logContents(bus)).slice(40)
    expect(batch.map(({ batch: place, payload }) => [place?.k, place?.n, linesIn(payload).length])).toEqual([
      [1, 2, 100],
      [2, 2, 100],
    ])
  })

  it('regression: a line that is added at the moment when the one before is spooled does not wait for the next', async () => {
    await using nats = await TestNats.start()
    await using publisher = await testPublisher(await nats.bus(), nats.spoolFolder)
    for (const st of range(1, 30)) {
      publisher.add(tickLine(st))
      await publisher.spooled()
    }
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(publisher.acknowledged).toBe(30)
  })

  it('cuts batches while the log is away, and the reader gets the order of arrival back', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    await nats.kill()
    for (let st = 11; st <= 5_000; st += 10) {
      for (const line of tape(st, Math.min(5_000, st + 9))) publisher.add(line)
      publisher.add(eventLine(10_000 + st))
      await publisher.spooled()
    }
    for (const line of tape(20_001, 30_000)) publisher.add(line)
    await nats.start()
    await publisher.settled(AbortSignal.timeout(20_000))
    const messages = await logContents(bus)
    expect(messages.some(({ batch }) => batch !== undefined)).toBe(true)
    expect(messages.length).toBeLessThan(10_000)
    for (const { payload, subject } of messages) if (subject.startsWith('ib.')) expect(linesIn(payload)).toHaveLength(1)
    const merger = new BatchMerger()
    const lines = [...messages.flatMap((message) => merger.push(message)), ...merger.flush()]
    expect(lines.filter(({ subject }) => subject.startsWith('ticks.')).map(({ st }) => st)).toEqual([
      ...range(1, 5_000),
      ...range(20_001, 30_000),
    ])
  })

  it('sends what an earlier run left unconfirmed, and goes on from its numbers', async () => {
    await using nats = await TestNats.start()
    {
      await using publisher = await testPublisher(await nats.bus(), nats.spoolFolder)
      await publish(publisher, tape(1, 5))
      await nats.kill()
      for (const line of tape(6, 20)) publisher.add(line)
    }
    await nats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(21, 25))
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 25))
  })

  it('keeps lines while the disk of the spool is full, says so, and loses none when room returns', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await mkdir(nats.spoolFolder)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    const makeRoom = await fillDisk(nats.spoolFolder)
    for (const line of tape(1, 10)) publisher.add(line)
    await publisherIs(publisher, 'spool_failed')
    for (const line of tape(11, 20)) publisher.add(line)
    expect(publisher.acknowledged).toBe(0)
    await makeRoom()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(publisher.state).toBe('sending')
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 20))
    expect(publisher.events).toContainEqual(
      expect.objectContaining({ kind: 'state', state: 'spool_failed', reason: expect.stringContaining('ENOSPC') }),
    )
  })

  it('stops at the bound of its spool while NATS is away, says so, and loses nothing when the log takes messages again', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder, { spoolMaxBytes: 2 * SEGMENT_BYTES, logSyncIntervalMs: 50 })
    await publish(publisher, tape(1, 10))
    await nats.kill()
    const wide = (st: number) => ({ ...tickLine(st), line: JSON.stringify({ st, x: 'x'.repeat(50_000) }) })
    for (const st of range(11, 500)) {
      publisher.add(wide(st))
      if (st % 20 === 0 && publisher.state !== 'spool_full')
        await waitFor('the spool takes it or is full', () => publisher.waitingLines === 0 || publisher.state === 'spool_full')
    }
    await publisherIs(publisher, 'spool_full')
    expect(publisher.spool.bytes).toBe(2 * SEGMENT_BYTES)
    expect(publisher.waitingLines).toBeGreaterThan(0)
    await nats.start()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(stampsOf(await logContents(bus)).toSorted((a, b) => a - b)).toEqual(range(1, 500))
    const reason = expect.stringContaining('IB_STREAM_SPOOL_MAX_BYTES')
    expect(publisher.events).toContainEqual({ kind: 'state', state: 'spool_full', reason })
    expect(publisher.spool.bytes).toBeLessThanOrEqual(2 * SEGMENT_BYTES)
  })

  it('regression: closes although the disk of the spool takes nothing', async () => {
    await using nats = await TestNats.start()
    await using publisher = await testPublisher(await nats.bus(), nats.spoolFolder)
    const makeRoom = await fillDisk(nats.spoolFolder)
    publisher.add(tickLine(1))
    await publisherIs(publisher, 'spool_failed')
    await publisher.close()
    expect(publisher.state).toBe('closed')
    await makeRoom()
  })

  it('closes while the log is away, and takes nothing more', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 5))
    await nats.kill()
    publisher.add(tickLine(6))
    await publisher.close()
    await publisher.close()
    expect(() => publisher.add(tickLine(7))).toThrow('IBS_BUS_CLOSED')
  })

  it('refuses a second publisher on the same spool folder', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using first = await testPublisher(bus, nats.spoolFolder)
    await expect(testPublisher(bus, nats.spoolFolder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_LOCKED' })
    await publish(first, tape(1, 5))
  })

  it('regression: says why it does not connect', async () => {
    await using nats = await TestNats.start()
    await using publisher = await testPublisher(await nats.bus(), nats.spoolFolder, { logMaxBytes: 2 ** 40 })
    await publisherIs(publisher, 'connecting')
    await waitFor('the reason', () => publisher.events.some((event) => event.kind === 'state' && /insufficient storage/.test(event.reason)))
  })
})
