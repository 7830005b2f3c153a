import { readFileSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, connectBus, EVENTS, openPublisher, type Publisher, type PublisherEvent, TICKS } from '@ib-stream/bus'
import type { PublisherTroubleEvent } from '@ib-stream/model'
import { describe, expect, it, jest } from '@jest/globals'
import { Registry } from 'prom-client'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { PublisherNews } from '../src/publisher-news.ts'

const TELL_EVERY_MS = 200

interface Room extends AsyncDisposable {
  nats: NatsServer
  bus: Bus
  spoolFolder: string
  publisher: Publisher
  news: PublisherNews
  metrics: Registry
  logged: ({ level: 'info' | 'error' } & PublisherEvent)[]
}

/** A real publisher on a real server, whose news are told. */
async function openRoom(options: { logMaxBytes?: number; spoolMaxBytes?: number } = {}): Promise<Room> {
  const stack = new AsyncDisposableStack()
  const nats = stack.use(await NatsServer.start())
  const bus = stack.use(await connectBus({ url: nats.url, name: 'test', signal: AbortSignal.timeout(20_000) }))
  const metrics = new Registry()
  const logged: Room['logged'] = []
  const writes = (level: 'info' | 'error') => (facts: object) => void logged.push({ level, ...(facts as PublisherEvent) })
  const log = { info: writes('info'), error: writes('error') }
  const news = stack.use(new PublisherNews({ name: 'ingest', log, metrics }, bus, { tellEveryMs: TELL_EVERY_MS }))
  const spoolFolder = join(nats.folder, 'spool')
  await mkdir(spoolFolder)
  const publisher = stack.use(
    await openPublisher({
      bus,
      spoolFolder,
      source: 'simulator',
      logMaxBytes: 100_000_000,
      logSyncIntervalMs: 50,
      onEvent: (event) => news.hear(event),
      ...options,
    }),
  )
  await waitFor('it sends', () => publisher.state === 'sending')
  return { nats, bus, spoolFolder, publisher, news, metrics, logged, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

let st = 1_795_000_000_000_000
const add = (publisher: Publisher, count: number, width = 0): void => {
  for (let i = 0; i < count; i++) publisher.add({ subject: 'ticks.8314.last', line: JSON.stringify({ st: ++st, x: 'x'.repeat(width) }) })
}

const settled = (publisher: Publisher): Promise<void> => publisher.settled(AbortSignal.timeout(20_000))

/** What EVENTS holds of the publisher, oldest first. */
async function told(bus: Bus): Promise<PublisherTroubleEvent[]> {
  const { state } = await bus.manager.streams.info(EVENTS)
  const events: PublisherTroubleEvent[] = []
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await bus.manager.streams.getMessage(EVENTS, { seq })
    if (message?.subject === 'ib.ops.publisher') events.push(message.json())
  }
  return events
}

const toldOf = (bus: Bus, what: string): Promise<boolean> =>
  waitFor(`EVENTS has ${what}`, async () => (await told(bus)).some((event) => event.what === what))

async function counted(metrics: Registry): Promise<Record<string, number>> {
  const { values } = (await metrics.getSingleMetric('ibs_ingest_publisher_events_total')?.get()) ?? { values: [] }
  return Object.fromEntries(values.map(({ labels, value }) => [labels.what, value]))
}

describe("the publisher's news", () => {
  it('tells nobody but log and metric while all is well', async () => {
    await using room = await openRoom()
    add(room.publisher, 100)
    await settled(room.publisher)
    expect(await told(room.bus)).toEqual([])
    expect(await counted(room.metrics)).toMatchObject({ sending: 1 })
    expect(room.logged.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('tells of a spool whose disk fails, and of its end', async () => {
    await using room = await openRoom()
    const segment = join(room.spoolFolder, `${'1'.padStart(16, '0')}.spool`)
    await symlink('/dev/full', segment)
    add(room.publisher, 10)
    await toldOf(room.bus, 'spool_failed')
    await rm(segment)
    await settled(room.publisher)
    await toldOf(room.bus, 'sending')
    const [trouble, end] = await told(room.bus)
    expect(trouble).toMatchObject({ kind: 'publisher', service: 'ingest', what: 'spool_failed', reason: expect.stringContaining('ENOSPC') })
    expect(end).toMatchObject({ what: 'sending', times: 1 })
    expect(end?.st).toBeGreaterThan(trouble?.st ?? 0)
    expect(await counted(room.metrics)).toMatchObject({ spool_failed: 1, sending: 2 })
    expect(room.logged.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ kind: 'state', state: 'spool_failed' }),
    ])
  })

  it('tells of a spool that takes fewer lines than come, while the gateway is not read, and of its end', async () => {
    await using room = await openRoom()
    add(room.publisher, 150_000)
    expect([room.publisher.full, room.publisher.state]).toEqual([true, 'spool_slow'])
    await settled(room.publisher)
    await toldOf(room.bus, 'sending')
    const events = await told(room.bus)
    expect(events.map(({ what }) => what)).toEqual(['spool_slow', 'sending'])
    expect(events[0]).toMatchObject({ kind: 'publisher', service: 'ingest', reason: expect.stringContaining('150000 lines wait') })
    expect(await counted(room.metrics)).toMatchObject({ spool_slow: 1 })
  }, 60_000)

  it('tells of a full spool when NATS, for which it waited, is back', async () => {
    await using room = await openRoom({ spoolMaxBytes: 2 * 8 * 2 ** 20 })
    await room.nats.program.kill()
    await waitFor('the spool is full', () => {
      if (room.publisher.waitingLines === 0) add(room.publisher, 20, 50_000)
      return room.publisher.state === 'spool_full'
    })
    room.nats.program.start()
    await settled(room.publisher)
    await toldOf(room.bus, 'spool_full')
    await toldOf(room.bus, 'sending')
    const full = (await told(room.bus)).find(({ what }) => what === 'spool_full')
    expect(full?.reason).toContain('IB_STREAM_SPOOL_MAX_BYTES')
  })

  it('tells of a log that was rolled back, and which numbers it gets again', async () => {
    await using room = await openRoom()
    add(room.publisher, 50)
    await settled(room.publisher)
    const { end } = room.publisher.spool
    await room.bus.manager.streams.delete(TICKS)
    add(room.publisher, 1)
    await toldOf(room.bus, 'rolled_back')
    expect(await told(room.bus)).toEqual([expect.objectContaining({ what: 'rolled_back', fromSeq: 1, toSeq: end, times: 1 })])
    expect(await counted(room.metrics)).toMatchObject({ rolled_back: 1 })
  })

  it('tells of foreign messages at once, then of the others together: EVENTS is kept for ever', async () => {
    await using room = await openRoom()
    add(room.publisher, 5)
    await settled(room.publisher)
    const taken: number[] = []
    for (let round = 0; round < 8; round++) {
      const { seq } = await room.bus.jetstream.publish('ticks.1.last', '{"foreign":true}\n')
      taken.push(seq)
      add(room.publisher, 1)
      await settled(room.publisher)
    }
    const displaced = async () => (await told(room.bus)).filter(({ what }) => what === 'displaced')
    await waitFor('all are told', async () => (await displaced()).reduce((sum, { times }) => sum + times, 0) === taken.length)
    const events = await displaced()
    expect([events[0]?.fromSeq, events.at(-1)?.toSeq]).toEqual([taken.at(0), taken.at(-1)])
    expect(await counted(room.metrics)).toMatchObject({ displaced: taken.length })
  })

  it('tells of a flapping log at most once in its time, and last of all how it is now', async () => {
    await using room = await openRoom()
    for (let i = 0; i < 500; i++) room.news.hear({ kind: 'state', state: i % 2 === 0 ? 'log_full' : 'sending', reason: `trial ${i}` })
    await waitFor('the last word', async () => (await told(room.bus)).at(-1)?.reason === 'trial 499')
    const messages = await told(room.bus)
    for (const what of ['log_full', 'sending']) {
      const times = messages.filter((event) => event.what === what).map((event) => event.times)
      expect(times.length).toBeLessThan(10) // two, if the 500 came within the time
      expect(times.reduce((sum, one) => sum + one, 0)).toBe(250)
    }
  })

  it('regression: the last word of one millisecond was taken for a repetition of its first, and dropped', async () => {
    await using room = await openRoom()
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now())
    try {
      for (const reason of ['first', 'last']) room.news.hear({ kind: 'state', state: 'log_full', reason })
    } finally {
      now.mockRestore()
    }
    await waitFor('both are told', async () => (await told(room.bus)).length === 2)
    expect((await told(room.bus)).map(({ reason }) => reason)).toEqual(['first', 'last'])
  })

  it('is on the reference page with every word that it says', () => {
    const page = readFileSync(join(__dirname, '../../../docs/reference/nats.md'), 'utf8')
    const row = page.split('\n').find((line) => line.startsWith('| `publisher` |')) ?? ''
    for (const what of [
      'log_full',
      'refused',
      'spool_full',
      'spool_failed',
      'spool_slow',
      'foreign',
      'displaced',
      'rolled_back',
      'refill',
      'sending',
    ])
      expect(row).toContain(`\`${what}\``)
  })
})
