import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Bus } from '../src/connection.ts'
import type { LogMessage } from '../src/log-message.ts'
import { type LogReader, type LogReaderOptions, openLogReader } from '../src/log-reader.ts'
import { TICKS } from '../src/stream-configs.ts'
import { createLog, partitionFilter } from '../src/streams.ts'
import { CIDS, range, stampsOf, tape, tickLine } from './support/lines.ts'
import { logReaches, TestNats } from './support/test-nats.ts'
import { publish, testPublisher } from './support/test-publisher.ts'

/** Reads on until it is stopped; keeps what came, and what the reader said. */
class Follower implements AsyncDisposable {
  readonly messages: LogMessage[] = []
  readonly said: string[] = []
  readonly cuts: [number, number][] = []
  readonly reader: LogReader
  readonly ended: Promise<unknown>
  /** While it stands the caller is busy with the batch it was given. */
  busy: Promise<void> | undefined
  #stop = new AbortController()

  constructor(options: Pick<LogReaderOptions, 'bus'> & Partial<LogReaderOptions>, busy?: Promise<void>) {
    this.busy = busy
    this.reader = openLogReader({
      filter: '>',
      fromSeq: 1,
      signal: this.#stop.signal,
      onState: (state, reason) => this.said.push(`${state}: ${reason}`),
      onCut: (wanted, first) => this.cuts.push([wanted, first]),
      ...options,
    })
    this.ended = this.#read().catch((error: unknown) => error)
  }

  async #read(): Promise<void> {
    for await (const batch of this.reader.batches()) {
      expect(batch.length).toBeGreaterThan(0)
      await this.busy
      this.messages.push(...batch)
    }
  }

  get seqs(): number[] {
    return this.messages.map(({ seq }) => seq)
  }
  reaches(seq: number): Promise<boolean> {
    return waitFor(`the reader reaches ${seq}, has ${this.seqs.at(-1)}`, () => (this.seqs.at(-1) ?? 0) >= seq)
  }
  stop(reason: Error): Promise<unknown> {
    this.#stop.abort(reason)
    return this.ended
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(new Error('the test is over'))
  }
}

async function consumersOf(bus: Bus): Promise<{ name: string; delivered: number }[]> {
  const list: { name: string; delivered: number }[] = []
  for await (const { name, delivered } of bus.manager.consumers.list(TICKS)) list.push({ name, delivered: delivered.consumer_seq })
  return list
}

async function deleteConsumers(bus: Bus): Promise<boolean> {
  const consumers = await consumersOf(bus)
  for (const { name } of consumers) await bus.manager.consumers.delete(TICKS, name)
  return consumers.length > 0
}

describe('log reader', () => {
  it('gives what is there and what comes, in order, each once, of its filter only', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 3_000))
    await using all = new Follower({ bus: await nats.bus() })
    await using some = new Follower({ bus: await nats.bus(), filter: partitionFilter(2), fromSeq: 11 })
    await publish(publisher, tape(3_001, 6_000))
    const { end } = publisher.spool
    await all.reaches(end)
    expect(all.seqs).toEqual(range(1, end))
    await waitFor('the rest', async () => (await some.reader.caughtUpTo()) === end)
    const mine = all.messages.filter(({ seq, subject }) => seq > 10 && subject === `ticks.2.${CIDS[0]}.last`)
    expect(some.messages).toEqual(mine)
    expect(mine.length).toBeGreaterThan(0)
  })

  it('loses, doubles and swaps nothing when NATS is killed in mid-stream, the consumer deleted, and the connection cut', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const readerBus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await using follower = new Follower({ bus: readerBus })
    let st = 0
    const feed = setInterval(() => {
      for (let i = 0; i < 20; i++) publisher.add(tickLine(++st))
    }, 5)
    const faults = [
      async () => {
        await nats.kill()
        await nats.start()
      },
      () => waitFor('the consumer is deleted', () => deleteConsumers(bus).catch(() => false)), // the server may just have come back
      () => readerBus.connection.reconnect(),
    ]
    try {
      for (const fault of [...faults, ...faults]) {
        const had = follower.messages.length
        await waitFor('progress', () => follower.messages.length > had + 50)
        await fault()
      }
    } finally {
      clearInterval(feed)
    }
    await publisher.settled(AbortSignal.timeout(25_000))
    await follower.reaches(publisher.spool.end)
    expect(follower.seqs).toEqual(range(1, publisher.spool.end))
    expect(stampsOf(follower.messages).toSorted((a, b) => a - b)).toEqual(range(1, st))
    expect(follower.cuts).toEqual([])
  })

  it('holds while the log ends below its position, and goes on when it is refilled', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publish(publisher, tape(1, 20))
      await nats.kill()
      await nats.copyStore()
      await nats.start()
      await publish(publisher, tape(21, 100))
    }
    await using follower = new Follower({ bus: await nats.bus() })
    await follower.reaches(100)
    await nats.kill()
    await nats.putCopyBack()
    await nats.start()
    await waitFor('holding', () => follower.reader.state === 'holding')
    expect(follower.said.at(-1)).toContain('the log ends at 20, wanted is 101')
    expect(await follower.reader.caughtUpTo()).toBeUndefined()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(101, 110))
    await follower.reaches(110)
    expect(follower.seqs).toEqual(range(1, 110))
    expect(stampsOf(follower.messages)).toEqual(range(1, 110))
  })

  it("waits for a log, and does not touch another spool's", async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using early = new Follower({ bus })
    await using foreign = new Follower({ bus, spoolId: 'another' })
    await waitFor('holding', () => early.reader.state === 'holding')
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await using own = new Follower({ bus, spoolId: publisher.spool.id })
    await publish(publisher, tape(1, 5))
    await early.reaches(5)
    await own.reaches(5)
    expect([foreign.reader.state, foreign.seqs]).toEqual(['holding', []])
    expect([early.cuts, own.cuts]).toEqual([[], []])
    expect(await foreign.reader.caughtUpTo()).toBeUndefined()
  })

  it('says where a cut log begins and goes on there', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 50))
    await bus.manager.streams.purge(TICKS, { seq: 31 })
    await using follower = new Follower({ bus, fromSeq: 11 })
    await follower.reaches(50)
    expect(follower.cuts).toEqual([[11, 31]])
    expect(follower.seqs).toEqual(range(31, 50))
  })

  it('ends with the reason of its signal, while it follows, and at once while NATS is away', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 5))
    const reason = new Error('enough')
    const [first, second] = [new Follower({ bus }), new Follower({ bus })]
    await Promise.all([first.reaches(5), second.reaches(5)])
    expect(await first.stop(reason)).toBe(reason)
    expect(first.reader.state).toBe('closed')
    nats.freeze()
    await bus.connection.reconnect()
    await waitFor('the loss', () => second.reader.state === 'connecting')
    const startMs = performance.now()
    expect(await second.stop(reason)).toBe(reason)
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })

  it.each([
    500, // more than comes at once
    5, // so few that the consumer has nothing more when they have come
  ])('regression: says what was trimmed, but for %i messages, under a reader that was behind, and begins where it says', async (left) => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, range(1, 8_000).map(tickLine))
    const busy = Promise.withResolvers<void>()
    await using follower = new Follower({ bus: await nats.bus() }, busy.promise)
    await waitFor('what was asked for', async () => ((await consumersOf(bus))[0]?.delivered ?? 0) > 0)
    const { state } = await bus.manager.streams.info(TICKS)
    await bus.manager.streams.purge(TICKS, { seq: state.last_seq - left + 1 })
    busy.resolve()
    await follower.reaches(state.last_seq)
    const given = new Set(follower.seqs)
    const told = range(1, state.last_seq).filter((seq) => follower.cuts.some(([wanted, first]) => seq >= wanted && seq < first))
    expect(range(1, state.last_seq).filter((seq) => !given.has(seq))).toEqual(told)
    expect(told.length).toBeGreaterThan(0)
    expect(follower.seqs).toEqual([...given].sort((a, b) => a - b))
  })

  it('asks for no more while the caller takes nothing, and gives all when it does', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    for (const st of range(1, 12))
      await publish(
        publisher,
        range(1, 500).map((i) => tickLine(500 * (st - 1) + i)),
      )
    const { end } = publisher.spool
    const busy = Promise.withResolvers<void>()
    await using follower = new Follower({ bus: await nats.bus() }, busy.promise)
    const delivered = async () => (await consumersOf(bus))[0]?.delivered ?? 0
    await waitFor('what was asked for', async () => (await delivered()) > 0)
    await publish(publisher, tape(6_001, 6_010))
    expect(await delivered()).toBeLessThanOrEqual(2_000)
    busy.resolve()
    await follower.reaches(end + 10)
    expect(follower.seqs).toEqual(range(1, end + 10))
  })

  it('asks for fewer where messages are large: what comes at once is bounded in bytes, and all of it comes', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    const wide = (st: number) => ({ ...tickLine(st), line: JSON.stringify({ st, x: 'x'.repeat(60_000) }) })
    await publish(publisher, range(1, 300).map(wide))
    const { promise: busy, resolve: goOn } = Promise.withResolvers<void>()
    await using follower = new Follower({ bus }, busy)
    const delivered = async () => (await consumersOf(bus))[0]?.delivered ?? 0
    await waitFor('something is delivered', async () => (await delivered()) > 0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await delivered()).toBeLessThan(100) // 6 MB; all 300 would come where only their number is looked at
    goOn()
    await waitFor('all came', () => follower.messages.length >= publisher.spool.end)
    expect(stampsOf(follower.messages)).toEqual(range(1, 300))
  })

  it('regression: goes on as soon as the connection is back, however long it was away', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const readerBus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 5))
    await using follower = new Follower({ bus: readerBus })
    await follower.reaches(5)
    await nats.kill()
    const startMs = performance.now()
    await waitFor('some seconds without an answer', () => performance.now() - startMs > 6_000)
    let backMs = Number.NaN
    readerBus.onChange((state) => {
      if (state === 'connected') backMs = performance.now()
    })
    await nats.start()
    await waitFor('following', () => follower.reader.state === 'following')
    expect(performance.now() - backMs).toBeLessThan(2_000)
  })
})

describe('log reader, caughtUpTo', () => {
  it('moves on where the filter has nothing', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await using quiet = new Follower({ bus, filter: partitionFilter(5) })
    await publish(publisher, tape(1, 40))
    expect(await waitFor('an answer', () => quiet.reader.caughtUpTo())).toBe(40)
    await publish(publisher, tape(41, 50))
    expect(await waitFor('an answer', () => quiet.reader.caughtUpTo())).toBe(50)
  })

  it('regression: says nothing while the caller still works on a batch', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    const busy = Promise.withResolvers<void>()
    await using follower = new Follower({ bus }, busy.promise)
    await publish(publisher, tape(1, 3))
    await waitFor('the delivery', async () => (await consumersOf(bus))[0]?.delivered === 3)
    for (const _ of range(1, 20)) expect(await follower.reader.caughtUpTo()).toBeUndefined()
    expect(follower.messages).toEqual([])
    busy.resolve()
    expect(await waitFor('an answer', () => follower.reader.caughtUpTo())).toBe(3)
    expect(follower.seqs).toEqual([1, 2, 3])
  })

  it('regression: never passes over a message that comes at that moment', async () => {
    await using nats = await TestNats.start()
    const [bus, readerBus, crowd] = [await nats.bus(), await nats.bus(), await nats.bus()]
    await createLog(bus.manager, { spoolId: 'a', source: 'simulator' }, { firstSeq: 1, maxBytes: 500_000_000, replicas: 1 })
    await using follower = new Follower({ bus: readerBus, filter: partitionFilter(2) })
    await waitFor('an answer', async () => (await follower.reader.caughtUpTo()) !== undefined)
    const answers: [number, number][] = []
    let [asked, published] = [0, 0]
    let open = true
    const flood = async () => {
      for (let sent = 0; open && sent < 1_500_000; sent += 300) {
        for (let i = 0; i < 300; i++) crowd.connection.publish(`ticks.${CIDS[1]}.last`, 'x')
        await crowd.connection.flush()
      }
    }
    const flooding = flood()
    const endMs = performance.now() + 8_000 // on a slow machine fewer questions
    try {
      for (; asked < 2_500 && performance.now() < endMs; asked++) {
        readerBus.connection.publish(`ticks.${CIDS[0]}.last`, 'x')
        published += 1
        const upTo = await follower.reader.caughtUpTo()
        if (upTo !== undefined) answers.push([upTo, follower.messages.length])
      }
    } finally {
      open = false
      await flooding
    }
    await waitFor('the rest', () => follower.messages.length === published)
    const { seqs } = follower
    expect(answers.filter(([upTo, had]) => (seqs[had] ?? Number.POSITIVE_INFINITY) <= upTo)).toEqual([])
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
  })

  it('regression: a quiet filter does not look cut after a purge of what it was told it had', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const readerBus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await using quiet = new Follower({ bus: readerBus, filter: partitionFilter(5) })
    await publish(publisher, tape(1, 40))
    await waitFor('an answer', async () => (await quiet.reader.caughtUpTo()) === 40)
    await bus.manager.streams.purge(TICKS, { seq: 41 })
    await readerBus.connection.reconnect()
    await waitFor('following again', () => quiet.said.filter((line) => line.startsWith('following')).length === 2)
    await logReaches(bus, 40)
    expect(quiet.cuts).toEqual([])
  })
})
