import { once } from 'node:events'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, until } from '../../../../libs/tape/test/recording.ts'
import { type LiveServer, linesOf, openLiveServer } from '../live-server.ts'
import { startServer } from '../standing-server.ts'
import { openWs } from '../ws/ws-client.ts'

const ONE = CIDS[0]
let live: LiveServer

beforeAll(async () => {
  live = await openLiveServer()
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

interface StreamEvent {
  name: string
  id: string | undefined
  data: string
}

/** A stream of one contract after an id, however it is carried. */
interface Client extends AsyncDisposable {
  events(): StreamEvent[]
}

async function overSse(url: string, after: string): Promise<Client> {
  const leave = new AbortController()
  const path = `/v3/stream/${ONE}/live?tick_types=bid_ask,last&last_event_id=${after}`
  const response = await fetch(`${url}${path}`, { signal: leave.signal })
  let text = ''
  const read = async () => {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? [])
      text += part
  }
  void read().catch(() => undefined)
  const eventIn = (frame: string): StreamEvent[] => {
    const [, name, id, data = ''] = /^event: (.+)\n(?:id: (.+)\n)?data: (.+)$/.exec(frame) ?? []
    return name === undefined ? [] : [{ name, id, data }]
  }
  return {
    events: () => text.split('\n\n').slice(0, -1).flatMap(eventIn),
    [Symbol.asyncDispose]: async () => leave.abort(),
  }
}

async function overWebSocket(url: string, after: string): Promise<Client> {
  const client = await openWs(url)
  client.send({ type: 'subscribe', id: 's', data: { contracts: [ONE], tick_types: ['bid_ask', 'last'], after } })
  return {
    events: () => client.of('s').map(({ type, id, data }) => ({ name: type, id, data: JSON.stringify(data) })),
    [Symbol.asyncDispose]: async () => {
      expect(client.breaches).toEqual([])
      await client[Symbol.asyncDispose]()
    },
  }
}

const BOTH = [
  ['server-sent events', overSse],
  ['WebSocket', overWebSocket],
] as const

const ticksIn = (client: Client) => client.events().flatMap(({ name, data }) => (name === 'tick' ? [data] : []))
const toldIn = (client: Client) =>
  client
    .events()
    .map(({ name }) => name)
    .filter((name) => name !== 'tick')

/** The hub, whose streams stand still after their first ticks, as those of clients do that do not read, until they are let go on. */
function standingStill(hub: LiveHub) {
  let stands = false
  const gate = Promise.withResolvers<void>()
  const subscribe: LiveHub['subscribe'] = async (options) => {
    const stream = await hub.subscribe(options)
    return {
      get cursor() {
        return stream.cursor
      },
      async *[Symbol.asyncIterator]() {
        for await (const batch of stream) {
          yield batch
          stands = true
          await Promise.race([gate.promise, once(options.signal, 'abort')])
        }
      },
    }
  }
  const standing: Partial<LiveHub> = {
    get spoolId() {
      return hub.spoolId
    },
    subscribe,
    subscribeWithEvents: (options) => hub.subscribeWithEvents(options),
  }
  return { hub: standing as LiveHub, stands: () => stands, goOn: () => gate.resolve() }
}

/** All that the log has is in files, and most of it nowhere else any more. */
async function writeAndTrim(): Promise<void> {
  const { recording } = live
  const seq = (await recording.messages()).at(-1)?.seq ?? 0
  await recording.write('json', ONE, seq)
  await recording.bus.manager.streams.purge('TICKS', { seq: seq - 5 })
}

test.each(BOTH)(
  'regression: over %s a log that is cut in the middle of a replay is no loss: the files go on, then live',
  async (_name, open) => {
    const { recording, hub, server } = live
    await using early = await overWebSocket(server.url, (await hub.subscribe({ cids: [ONE], tts: ['last'], signal: live.signal })).cursor)
    const seen = linesOf(await live.publish(60, 1))
    await until('the first ticks', () => ticksIn(early).length === seen.length)
    const after = early.events().findLast(({ name }) => name === 'tick')?.id ?? ''
    const missed = linesOf(await live.publish(10_000, 2)) // some times what a reader of the log has at hand
    await using young = await openLiveHub({ bus: recording.bus, signal: live.signal }) // it has nothing of that: the log is asked
    const still = standingStill(young)
    await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: still.hub } })
    await using back = await open(restarted.url, after)
    await until('it stands still', () => still.stands())
    await writeAndTrim()
    still.goOn()
    await until('it is live again', () => toldIn(back).includes('live'))
    expect(ticksIn(back).toSorted()).toEqual(missed.toSorted())
    const later = linesOf(await live.publish(60, 3))
    await until('what comes live', () => ticksIn(back).length >= missed.length + later.length)
    expect(toldIn(back)).toEqual(['info', 'resume_incomplete', 'live'])
    const given = ticksIn(back)
    const cutAt = back.events().findIndex(({ name }) => name === 'resume_incomplete') - 1 // but for `info`
    expect(cutAt).toBeGreaterThan(0)
    expect(given.slice(0, cutAt)).toEqual(missed.slice(0, cutAt))
    expect(given.slice(missed.length)).toEqual(later)
    const again = back
      .events()
      .slice(cutAt + 1)
      .find(({ id }) => id?.startsWith('h.')) // cut off among what the files give, it goes on there
    await using rest = await open(restarted.url, again?.id ?? '')
    await until('it is live again', () => toldIn(rest).includes('live'))
    expect(ticksIn(rest).toSorted()).toEqual(given.slice(cutAt + 1).toSorted())
  },
)

test.each(BOTH)(
  'regression: over %s a stream that goes on after an id of the history has the events of the recording, there and live',
  async (_name, open) => {
    const { recording, server } = live
    await live.publish(60, 4)
    const text = await (await fetch(`${server.url}/v3/stream/${ONE}/buffer?tick_types=bid_ask,last&start_time=0&limit=5`)).text()
    const [, id = ''] = /"resume":"(h\..+)"/.exec(text) ?? []
    const publishGap = async (st: number) => {
      const gap = { kind: 'gap', st, epoch: 1, cid: ONE, tt: 'last', fromUs: st - 1, toUs: st, cause: 'disconnected', reason: 'a test' }
      recording.publisher.add({ subject: 'ib.events.gap', line: JSON.stringify(gap) })
      await recording.publisher.settled(AbortSignal.timeout(10_000))
    }
    const more = await live.publish(60, 5)
    await publishGap((more.at(-1)?.st ?? 0) + 1)
    await using back = await open(server.url, id)
    await until('it is live', () => toldIn(back).includes('live'))
    await publishGap((more.at(-1)?.st ?? 0) + 2)
    await until('the gap that came live', () => toldIn(back).at(-1) === 'gap')
    expect(toldIn(back).slice(-3)).toEqual(['gap', 'live', 'gap'])
  },
)
