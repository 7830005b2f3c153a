import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { openSpool } from '../src/spool.ts'
import { TICKS } from '../src/stream-configs.ts'
import { readLog } from '../src/streams.ts'
import { range, record, stampsOf, tape, tickLine } from './support/lines.ts'
import { logContents, logReaches, TestNats } from './support/test-nats.ts'
import { publish, publisherIs, testPublisher } from './support/test-publisher.ts'

describe('meeting the log', () => {
  /** A spool whose oldest segment is trimmed away: records 1 to `end`, the first dozen gone. */
  async function trimmedSpool(folder: string, end: number): Promise<number> {
    await using spool = await openSpool(folder, { source: 'simulator', keptAfterAckMs: 0 })
    for (const n of range(1, end)) {
      spool.append([record(n, 700_000)])
      await spool.sync()
    }
    await spool.trim(end)
    return spool.low
  }

  it("begins a new log at the spool's oldest number", async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const low = await trimmedSpool(nats.spoolFolder, 25)
    expect(low).toBeGreaterThan(1)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, [tickLine(26)])
    expect(await readLog(bus.manager)).toMatchObject({ firstSeq: low, lastSeq: 26 })
    expect(stampsOf(await logContents(bus))).toEqual(range(low, 26))
  })

  it('makes a wiped log anew with the numbers that its messages had', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 50))
    await nats.kill()
    await nats.wipeStore()
    await nats.start()
    await publish(publisher, tape(51, 60))
    expect((await logContents(bus)).map(({ seq, payload }) => [seq, ...stampsOf([{ payload }])])).toEqual(range(1, 60).map((n) => [n, n]))
  })

  it('makes a stream anew that somebody deleted, and at once', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 50))
    await bus.manager.streams.delete(TICKS)
    publisher.add(tickLine(51))
    await logReaches(bus, 51)
    expect(publisher.events.filter(({ kind }) => kind !== 'state')).toEqual([{ kind: 'rolled_back', fromSeq: 1, toSeq: 50 }])
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 51))
  })

  it('refuses a log of another spool and one of another source, by name', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using first = await testPublisher(bus, nats.spoolFolder)
    await publish(first, tape(1, 5))
    await using second = await testPublisher(bus, join(nats.folder, 'spool-2'))
    await using third = await testPublisher(bus, join(nats.folder, 'spool-3'), { source: 'gateway' })
    second.add(tickLine(6))
    await publisherIs(second, 'refused')
    await publisherIs(third, 'refused')
    const reasons = (events: typeof second.events) => JSON.stringify(events)
    expect(reasons(second.events)).toContain(`the log belongs to spool ${first.spool.id}`)
    expect(reasons(third.events)).toContain('the log belongs to the simulator')
    await publish(first, tape(6, 10))
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 10))
  })

  it('of two spools that make the log at the same moment one has it and the other is refused', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const buses = [await nats.bus('a'), await nats.bus('b')] as const
    const [a, b] = await Promise.all([testPublisher(buses[0], nats.spoolFolder), testPublisher(buses[1], join(nats.folder, 'spool-2'))])
    await using closing = new AsyncDisposableStack()
    closing.use(a)
    closing.use(b)
    for (const line of tape(1, 20)) {
      a.add(line)
      b.add(line)
    }
    await Promise.all([a, b].map((one) => publisherIs(one, 'sending', 'refused')))
    const [winner] = [a, b].filter(({ state }) => state === 'sending')
    expect([a, b].map(({ state }) => state).toSorted()).toEqual(['refused', 'sending'])
    await winner?.settled(AbortSignal.timeout(20_000))
    expect((await readLog(bus.manager))?.owner.spoolId).toBe(winner?.spool.id)
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 20))
  })
})
