import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { cutSingles } from '../src/batch-cutter.ts'
import type { Bus } from '../src/connection.ts'
import { openSpool } from '../src/spool.ts'
import { TICKS } from '../src/stream-configs.ts'
import { readLog } from '../src/streams.ts'
import { CIDS, linesIn, range, record, stampsOf, tape, tickLine } from './support/lines.ts'
import { logContents, logReaches, TestNats } from './support/test-nats.ts'
import { fillDisk, publish, publisherIs, testPublisher } from './support/test-publisher.ts'
import { tellingTicks, withStreams } from './support/wrapped-bus.ts'

describe('log chain, faults of the server', () => {
  it('loses and doubles nothing when NATS is killed again and again and comes back with its store', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    let st = 0
    const feed = setInterval(() => {
      for (let i = 0; i < 40; i++) publisher.add(tickLine(++st))
    }, 5)
    try {
      for (let round = 1; round <= 4; round++) {
        const { acknowledged } = publisher
        await waitFor('progress', () => publisher.acknowledged > acknowledged + 20)
        await nats.kill()
        await nats.start()
      }
    } finally {
      clearInterval(feed)
    }
    await publisher.settled(AbortSignal.timeout(25_000))
    expect(publisher.events.filter(({ kind }) => kind === 'foreign' || kind === 'displaced' || kind === 'refill')).toEqual([])
    const messages = await logContents(bus)
    expect(messages.map(({ seq }) => seq)).toEqual(range(1, publisher.spool.end))
    for (const cid of ['265598', '8314']) {
      const stamps = stampsOf(messages.filter(({ subject }) => subject.includes(cid)))
      expect(stamps).toEqual(range(1, st).filter((one) => (one % 2 === 0) === (cid === '265598')))
    }
  })

  it('refills a log that lost its tail, every number with the message it had', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 30))
    await nats.kill()
    await nats.copyStore()
    await nats.start()
    await publish(publisher, tape(31, 3_000))
    const before = await logContents(bus)
    await nats.kill()
    await nats.putCopyBack()
    for (const line of tape(3_001, 3_010)) publisher.add(line)
    await nats.start()
    await logReaches(bus, publisher.spool.end)
    const after = await logContents(bus)
    expect(after.slice(0, before.length)).toEqual(before)
    expect(publisher.events).toContainEqual({ kind: 'rolled_back', fromSeq: 31, toSeq: before.length })
    expect(stampsOf(after).toSorted((a, b) => a - b)).toEqual(range(1, 3_010))
  })

  it('tells of no rollback where a server only remembers an older log, and doubles nothing', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const remembered = { answers: 0, lastSeq: 0 }
    await using publisher = await testPublisher(remembering(bus, remembered), nats.spoolFolder)
    await publish(publisher, tape(1, 50))
    Object.assign(remembered, { answers: 1, lastSeq: 30 })
    await bus.connection.reconnect()
    await waitFor('it is told so', () => remembered.answers === 0)
    await publish(publisher, tape(51, 60))
    expect(publisher.events.filter(({ kind }) => kind !== 'state')).toEqual([])
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 60))
  })

  it('sends again after a silence of the server, and doubles nothing', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    nats.freeze()
    for (const line of tape(11, 400)) publisher.add(line)
    await publisherIs(publisher, 'connecting')
    nats.thaw()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(stampsOf(await logContents(bus)).toSorted((a, b) => a - b)).toEqual(range(1, 400))
  })

  it('regression: sends nothing again that a server which stood still has before it: a purge beside it would make it take both', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const sent: string[] = []
    await using publisher = await testPublisher(
      tellingTicks(bus, (payload) => sent.push(payload)),
      nats.spoolFolder,
      { mostSingles: 5_000 },
    )
    await publish(publisher, tape(1, 10))
    const lost = () => publisher.events.some((event) => event.kind === 'state' && event.reason === 'connection lost')
    for (let held = 0; held < 2; held += lost() ? 0 : 1) {
      sent.length = 0
      publisher.events.length = 0 // with a new connection it cannot know, and sends again
      for (const line of tape(publisher.spool.end + 1, publisher.spool.end + 1_500)) publisher.add(line)
      nats.freeze()
      await publisherIs(publisher, 'connecting')
      nats.thaw()
      await publisher.settled(AbortSignal.timeout(20_000))
      if (!lost()) expect(sent.length).toBe(new Set(sent).size)
    }
  }, 60_000)

  it('regression: goes on as soon as the connection is back, however long it was away', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    await nats.kill()
    publisher.add(tickLine(11))
    const failures = () => publisher.events.filter((event) => event.kind === 'state' && event.state === 'connecting').length
    await waitFor('an attempt that failed for want of an answer', () => failures() >= 2)
    let backMs = Number.NaN
    bus.onChange((state) => {
      if (state === 'connected') backMs = performance.now()
    })
    await nats.start()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(performance.now() - backMs).toBeLessThan(2_000)
  })

  it('goes on after an absence of NATS in which the client tried more often than it does by itself', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    let attempts = 0
    const watching = (async () => {
      for await (const { type } of bus.connection.status()) if (type === 'reconnecting') attempts += 1
    })()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    await nats.kill()
    for (const line of tape(11, 400)) publisher.add(line)
    await waitFor('it has tried long', () => attempts > 12, 60_000) // the client's own bound is ten
    await nats.start()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(stampsOf(await logContents(bus)).toSorted((a, b) => a - b)).toEqual(range(1, 400))
    await bus.close()
    await watching
  })
})

/** A bus whose next answers of where the log stands are old ones, as of a server that was cut off from its cluster. */
function remembering(bus: Bus, remembered: { answers: number; lastSeq: number }): Bus {
  return withStreams(bus, {
    info: async (name, options) => {
      const info = await bus.manager.streams.info(name, options)
      if (name === TICKS && remembered.answers > 0) {
        remembered.answers -= 1
        info.state.last_seq = remembered.lastSeq
      }
      return info
    },
  })
}

describe('log chain, numbers', () => {
  it('fills the numbers that neither the log nor the spool has with `lost` events, one a number', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publish(publisher, tape(1, 5))
      await nats.kill()
      await nats.copyStore()
    }
    await trimmedAfter(nats.spoolFolder, 5, 30)
    await nats.start()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, [tickLine(31)])
    const { low } = publisher.spool
    const messages = await logContents(bus)
    expect(low).toBeGreaterThan(6)
    expect(messages.map(({ seq }) => seq)).toEqual(range(1, 31))
    for (const { seq, subject, payload } of messages) {
      if (seq <= 5 || seq >= low) expect(stampsOf([{ payload }])).toEqual([seq])
      else
        expect([subject, JSON.parse(linesIn(payload)[0] ?? '')]).toEqual(['ib.events.lost', expect.objectContaining({ kind: 'lost', seq })])
    }
    expect(publisher.events).toContainEqual({ kind: 'refill', fromSeq: 6, toSeq: low - 1 })
  })

  async function trimmedAfter(folder: string, from: number, end: number): Promise<void> {
    await using spool = await openSpool(folder, { source: 'simulator', keptAfterAckMs: 0 })
    for (const n of range(from + 1, end)) {
      spool.append([record(n, 700_000)])
      await spool.sync()
    }
    await spool.trim(end)
  }

  it('regression: a hole in the spool, wider than the window, costs nothing of what follows it', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using spool = await openSpool(nats.spoolFolder, { source: 'simulator' })
      spool.append(range(1, 3).map((n) => record(n)))
      await spool.sync()
      spool.skipTo(1_501)
      spool.append(range(1_501, 3_600).map((n) => record(n)))
      await spool.sync()
    }
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, [tickLine(3_601)])
    const messages = await logContents(bus)
    expect(messages.map(({ seq }) => seq)).toEqual(range(1, 3_601))
    const ticks = messages.filter(({ subject }) => subject.startsWith('ticks.'))
    expect(ticks.map(({ seq, payload }) => [seq, ...stampsOf([{ payload }])])).toEqual([1, 2, 3, ...range(1_501, 3_601)].map((n) => [n, n]))
  })

  it('goes on behind a log that is ahead of the spool, and says so', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publish(publisher, tape(1, 20))
    }
    for (const name of await readdir(nats.spoolFolder)) if (name.endsWith('.spool')) await rm(join(nats.spoolFolder, name))
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publisherIs(publisher, 'sending')
    await publish(publisher, tape(21, 30))
    expect(publisher.events).toContainEqual({ kind: 'foreign', lastSeq: 20, end: 0 })
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 30))
  })
})

describe('log chain, messages of somebody else in the log', () => {
  const foreign = async (bus: Bus, count: number) => {
    for (let i = 0; i < count; i++) await bus.jetstream.publish('ticks.1.last', '{"foreign":true}\n')
  }
  const ours = async (bus: Bus) => stampsOf((await logContents(bus)).filter(({ subject }) => !subject.endsWith('.1.last')))

  it.each([
    ['some of ours', 3],
    ['all of ours and more', 30],
  ])('regression: loses and doubles no line when they take the numbers of %s, says which, also after a restart', async (_, count) => {
    await using nats = await TestNats.start()
    {
      await using publisher = await testPublisher(await nats.bus(), nats.spoolFolder)
      await publish(publisher, tape(1, 10))
      await nats.kill()
      for (const line of tape(11, 20)) publisher.add(line)
      await publisher.spooled()
    }
    await nats.start()
    const bus = await nats.bus()
    await foreign(bus, count)
    for (const round of [1, 2]) {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publisherIs(publisher, 'sending')
      await publish(publisher, [tickLine(20 + round)])
      const seqs = range(11, Math.min(20, 10 + count))
      expect(publisher.events.filter(({ kind }) => kind === 'displaced')).toEqual(round === 1 ? [{ kind: 'displaced', seqs }] : [])
      expect((await ours(bus)).toSorted((a, b) => a - b)).toEqual(range(1, 20 + round))
    }
  })

  it.each([
    ['some', 3],
    ['all and more', 30],
  ])('regression: loses no line when they take the numbers of %s that the disk of the spool has not got yet', async (_, count) => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await mkdir(nats.spoolFolder)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publisherIs(publisher, 'sending')
    const makeRoom = await fillDisk(nats.spoolFolder)
    for (const line of tape(1, 10)) publisher.add(line)
    await publisherIs(publisher, 'spool_failed')
    await foreign(bus, count)
    await nats.kill()
    await nats.start()
    const other = await nats.bus('other')
    await waitFor('the connection is back', () => bus.state === 'connected')
    for (let look = 0; look < 50; look++) await readLog(other.manager) // the publisher looks meanwhile
    await makeRoom()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect((await ours(bus)).toSorted((a, b) => a - b)).toEqual(range(1, 10))
    expect(publisher.events).toContainEqual({ kind: 'displaced', seqs: range(1, Math.min(10, count)) })
  })

  it('loses and doubles no line when they come in the middle of what is on its way', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    const other = await nats.bus('other')
    let st = 10
    await waitFor('numbers of ours are taken', async () => {
      for (let i = 0; i < 40; i++) publisher.add(tickLine(++st))
      await foreign(other, 5)
      return publisher.events.some(({ kind }) => kind === 'displaced')
    })
    await publisher.settled(AbortSignal.timeout(20_000))
    expect((await ours(bus)).toSorted((a, b) => a - b)).toEqual(range(1, st))
  })
})

describe('log chain, a server that lost count', () => {
  it('regression: what stands in the log under another number is not spooled again', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publish(publisher, tape(1, 50))
    }
    {
      await using spool = await openSpool(nats.spoolFolder, { source: 'simulator' })
      spool.append(cutSingles(tape(51, 60), 51).records)
      await spool.sync()
    }
    for (const { subject, line } of [...tape(46, 50), ...tape(51, 55)]) await bus.jetstream.publish(subject, `${line}\n`)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, [tickLine(61)])
    expect(publisher.events).toContainEqual({ kind: 'displaced', seqs: range(56, 60) })
    expect(stampsOf(await logContents(bus))).toEqual([...range(1, 50), ...range(46, 50), ...range(51, 55), 61, ...range(56, 60)])
  })

  it.each([
    ['in the next thousand', { end: 1_010, sentAgain: range(991, 1_005), displaced: range(1_006, 1_010) }],
    ['behind the end of the spool', { end: 998, sentAgain: range(991, 998), displaced: [] }],
  ])('regression: what stands there %s was spooled again', async (_, { end, sentAgain, displaced }) => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder, { mostSingles: 1_000 })
      await publish(publisher, tape(1, 995))
    }
    {
      await using spool = await openSpool(nats.spoolFolder, { source: 'simulator' })
      spool.append(cutSingles(tape(996, end), 996).records)
      await spool.sync()
    }
    for (const { subject, line } of sentAgain.map((st) => tickLine(st))) await bus.jetstream.publish(subject, `${line}\n`)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publisherIs(publisher, 'sending')
    await publish(publisher, [tickLine(2_000)])
    expect(publisher.events.flatMap((event) => (event.kind === 'displaced' ? event.seqs : []))).toEqual(displaced)
    expect(stampsOf(await logContents(bus)).toSorted((a, b) => a - b)).toEqual(
      [...range(1, 995), ...sentAgain, ...displaced, 2_000].toSorted((a, b) => a - b),
    )
  })
})

describe('log chain, a log that does not take messages', () => {
  it('waits while the log is full, and goes on in order when there is room again', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder, { logMaxBytes: 100_000 })
    for (const st of range(1, 2_000)) publisher.add(tickLine(st, CIDS[0]))
    await publisherIs(publisher, 'log_full')
    const lines: [number, string][] = []
    while (publisher.acknowledged < publisher.spool.end) {
      const messages = await logContents(bus)
      lines.push(...messages.flatMap(({ seq, payload }) => linesIn(payload).map((line): [number, string] => [seq, line])))
      const { acknowledged } = publisher
      await bus.manager.streams.purge(TICKS, { seq: (messages.at(-1)?.seq ?? 0) + 1 })
      await waitFor('progress', () => publisher.acknowledged > acknowledged || publisher.acknowledged === publisher.spool.end)
      await waitFor('full or done', () => publisher.state === 'log_full' || publisher.acknowledged === publisher.spool.end)
    }
    const rest = await logContents(bus)
    const seen = new Map(
      [...lines, ...rest.flatMap(({ seq, payload }) => linesIn(payload).map((line): [number, string] => [seq, line]))].map((entry) => [
        entry[1],
        entry,
      ]),
    )
    expect(seen.size).toBe(2_000)
    expect([...seen.values()].map(([, line]) => (JSON.parse(line) as { st: number }).st)).toEqual(range(1, 2_000))
  })
})
