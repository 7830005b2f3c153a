import { connectBus } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aggressors } from '../../../test/support/aggressors.ts'
import { TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { type PlainTick, parseLines } from '../../../test/support/ticks.ts'
import { comparePlaces, LOOK_BACK_US, parseCursor } from '../src/cursor.ts'
import { type LiveHub, openLiveHub } from '../src/live-hub.ts'
import type { LiveTick } from '../src/live-item.ts'
import { CIDS, DAY_US, linesOf, market, openRecording, type Recording, randomFrom, TYPES, until } from './recording.ts'

const ONE = CIDS[0]

/** Reads until `count` ticks came. */
async function take(live: AsyncIterable<readonly LiveTick[]>, count: number): Promise<LiveTick[]> {
  const all: LiveTick[] = []
  for await (const batch of live) {
    all.push(...batch)
    if (all.length >= count) break
  }
  return all
}

const linesWanted = (ticks: readonly TickMessage[], cids: readonly number[]) =>
  ticks.filter(({ cid }) => cids.includes(cid)).map(encodeTickJson)

const cursorOf = (tick: LiveTick | undefined) => cursorIn(tick?.cursor ?? '')

function cursorIn(text: string) {
  const cursor = parseCursor(text)
  if (cursor?.kind !== 'live') throw new Error('a tick without a cursor')
  return cursor
}

describe('live hub over a log with batches', () => {
  const ticks = market(6_000, { seed: 1 })
  const later = market(400, { seed: 2, fromUs: (ticks.at(-1)?.st ?? 0) + 1 })
  const stop = new AbortController()
  const signal = stop.signal
  let recording: Recording
  let hub: LiveHub
  let seen: LiveTick[]

  beforeAll(async () => {
    recording = await openRecording()
    hub = await openLiveHub({ bus: recording.bus, signal })
    const live = await hub.subscribe({ cids: CIDS, tts: TYPES, signal })
    const reading = take(live, ticks.length)
    await recording.publish(ticks)
    seen = await reading
  })
  afterAll(async () => {
    stop.abort(new Error('the test is over'))
    await hub.close()
    await recording[Symbol.asyncDispose]()
  })

  test('gives the order of arrival back, although the log holds batches subject by subject', async () => {
    const messages = await recording.messages()
    expect(messages.filter(({ batch }) => batch !== undefined).length).toBeGreaterThan(4)
    expect(messages.flatMap(linesOf)).not.toEqual(ticks.map(encodeTickJson))
    expect(seen.map(({ line }) => line)).toEqual(ticks.map(encodeTickJson))
  })

  test('gives every trade the aggressor that it has in the files; subject by subject, as the batches lie in the log, some would have another', async () => {
    const messages = await recording.messages()
    for (const cid of CIDS) {
      const mine = (all: readonly PlainTick[]) => aggressors(all.filter((tick) => tick.cid === cid))
      const stamped = parseLines(ticks.map(encodeTickJson).join('\n')).toSorted((a, b) => (a.st ?? 0) - (b.st ?? 0))
      expect(mine(parseLines(seen.map(({ line }) => line).join('\n')))).toEqual(mine(stamped))
      expect(mine(parseLines(messages.flatMap(linesOf).join('\n')))).not.toEqual(mine(stamped))
    }
  })

  test('cursors rise with every tick', () => {
    for (const [i, tick] of seen.entries()) if (i > 0) expect(comparePlaces(tick, seen[i - 1] ?? tick)).toBeGreaterThan(0)
  })

  test('gives a subscriber its contract and tick types only', async () => {
    const live = await hub.subscribe({ cids: [ONE], tts: ['last'], after: cursorOf(seen[0]), signal })
    const wanted = ticks.slice(1).filter(({ cid, tt }) => cid === ONE && tt === 'last')
    expect((await take(live, wanted.length)).map(({ line }) => line)).toEqual(wanted.map(encodeTickJson))
  })

  const places = (() => {
    const random = randomFrom(3)
    return [0, 999, 1_000, 5_999, ...Array.from({ length: 24 }, () => Math.floor(random() * 6_000))]
  })()

  test('property: from the ring, exactly the rest follows a cursor', async () => {
    for (const k of places.filter((place) => place < ticks.length - 1)) {
      const live = await hub.subscribe({ cids: CIDS, tts: TYPES, after: cursorOf(seen[k]), signal })
      expect((await take(live, ticks.length - k - 1)).map(({ line }) => line)).toEqual(ticks.slice(k + 1).map(encodeTickJson))
    }
  })

  test('property: from the log into live, exactly the rest follows a cursor', async () => {
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const readings = places.map(async (k) => {
      const cids = k % 2 === 0 ? CIDS : [ONE]
      const live = await young.subscribe({ cids, tts: TYPES, after: cursorOf(seen[k]), signal })
      const wanted = linesWanted([...ticks.slice(k + 1), ...later], cids)
      return { got: (await take(live, wanted.length)).map(({ line }) => line), wanted }
    })
    await recording.publish(later)
    for (const { got, wanted } of await Promise.all(readings)) expect(got).toEqual(wanted)
  })

  test('regression: the place at subscription, before any tick, is a cursor: exactly what follows it comes, from the ring and from the log', async () => {
    const from = (later.at(-1)?.st ?? 0) + 1
    const live = await hub.subscribe({ cids: [4711], tts: TYPES, signal })
    await using young = await openLiveHub({ bus: recording.bus, signal }) // its ring is empty
    const empty = await young.subscribe({ cids: CIDS, tts: TYPES, signal })
    const missed = market(700, { seed: 7, fromUs: from })
    await recording.publish(missed)
    await using younger = await openLiveHub({ bus: recording.bus, signal })
    for (const { cursor } of [live, empty]) {
      const after = cursorIn(cursor)
      for (const where of [hub, young, younger]) {
        const got = await take(await where.subscribe({ cids: CIDS, tts: TYPES, after, signal }), missed.length)
        expect(got.map(({ line }) => line)).toEqual(missed.map(encodeTickJson))
      }
    }
  })

  test('the cursor of a subscriber that nothing concerns moves on with the hub', async () => {
    const quiet = await hub.subscribe({ cids: [4711], tts: TYPES, signal })
    const reading = quiet[Symbol.asyncIterator]().next()
    const before = quiet.cursor
    const fromUs = DAY_US + 3_600 * 1_000_000
    const heard = hub.ticks
    await recording.publish(market(20, { seed: 8, fromUs }))
    await until('the hub has all', () => hub.ticks === heard + 20)
    expect(quiet.cursor).not.toBe(before)
    const next = market(30, { seed: 9, fromUs: fromUs + 60_000_000 })
    const after = cursorIn(quiet.cursor)
    await recording.publish(next)
    const got = await take(await hub.subscribe({ cids: CIDS, tts: TYPES, after, signal }), next.length)
    expect(got.map(({ line }) => line)).toEqual(next.map(encodeTickJson))
    reading.catch(() => undefined)
  })

  test('regression: in virtual time a subscription to a log that is still began in the real time', async () => {
    const nowUs = 1_753_884_000_000_000
    await using young = await openLiveHub({ bus: recording.bus, nowUs: () => nowUs, signal })
    const { cursor } = await young.subscribe({ cids: CIDS, tts: TYPES, signal })
    expect(parseCursor(cursor)).toMatchObject({ st: -1, sinceSt: nowUs - LOOK_BACK_US })
  })

  test('refuses the cursor of another recording', async () => {
    const after = { ...cursorOf(seen[0]), spoolId: 'another' }
    await expect(hub.subscribe({ cids: CIDS, tts: TYPES, after, signal })).rejects.toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
  })

  test('throws the reason of a signal, also while nothing comes', async () => {
    const own = new AbortController()
    const live = await hub.subscribe({ cids: [1], tts: TYPES, signal: own.signal })
    const reading = take(live, 1)
    own.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  test('ends its subscriptions when it closes', async () => {
    const young = await openLiveHub({ bus: recording.bus, signal })
    const reading = take(await young.subscribe({ cids: [1], tts: TYPES, signal }), 1)
    await young.close()
    expect(await reading).toEqual([])
    await expect(young.subscribe({ cids: [1], tts: TYPES, signal })).rejects.toMatchObject({ code: 'IBS_TAPE_CLOSED' })
  })
})

describe('live hub and its bounds', () => {
  const stop = new AbortController()
  const signal = stop.signal
  afterAll(() => stop.abort(new Error('the test is over')))

  test('ends a subscriber that falls behind the ring, serves the others, and the ended one goes on by its cursor', async () => {
    await using recording = await openRecording()
    await using hub = await openLiveHub({ bus: recording.bus, signal, ring: { ticks: 256, bytes: 2 ** 20 } })
    const ticks = market(4_000, { seed: 4 })
    const fast = take(await hub.subscribe({ cids: CIDS, tts: TYPES, signal }), ticks.length)
    const slow = (await hub.subscribe({ cids: CIDS, tts: TYPES, signal }))[Symbol.asyncIterator]()
    const firstBatch = slow.next()
    await recording.publish(ticks)
    expect((await fast).map(({ line }) => line)).toEqual(ticks.map(encodeTickJson))
    const got = [...((await firstBatch).value ?? [])]
    await expect(slow.next()).rejects.toMatchObject({ code: 'IBS_TAPE_SLOW_CONSUMER' })
    const live = await hub.subscribe({ cids: CIDS, tts: TYPES, after: cursorOf(got.at(-1)), signal })
    got.push(...(await take(live, ticks.length - got.length)))
    expect(got.map(({ line }) => line)).toEqual(ticks.map(encodeTickJson))
  })

  test('says that what follows a cursor is gone once the log was trimmed', async () => {
    await using recording = await openRecording()
    await using hub = await openLiveHub({ bus: recording.bus, signal })
    const ticks = market(50, { seed: 5 })
    const reading = take(await hub.subscribe({ cids: CIDS, tts: TYPES, signal }), ticks.length)
    await recording.publish(ticks)
    const seen = await reading
    await recording.bus.manager.streams.purge('TICKS', { seq: 31 })
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const subscribe = (k: number) => young.subscribe({ cids: CIDS, tts: TYPES, after: cursorOf(seen[k]), signal })
    await expect(subscribe(10)).rejects.toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
    expect((await take(await subscribe(35), 14)).length).toBe(14)
  })

  test('tells a subscriber that the log was trimmed before it was read, and goes on with what follows', async () => {
    await using recording = await openRecording()
    await using proxy = await TcpProxy.start(Number(new URL(recording.url).port))
    const bus = await connectBus({ url: `nats://127.0.0.1:${proxy.port}`, name: 'far', signal })
    await using hub = await openLiveHub({ bus, signal })
    const ticks = market(60, { seed: 7 })
    const streams = { cids: CIDS, tts: TYPES, signal }
    const live = (await hub.subscribe(streams))[Symbol.asyncIterator]()
    const got: LiveTick[] = []
    const first = live.next()
    await recording.publish(ticks.slice(0, 20))
    for (let next = await first; ; next = await live.next()) {
      got.push(...((next.value ?? []) as LiveTick[]))
      if (got.length === 20) break
    }
    proxy.mode = 'cut'
    await until('the hub is cut off', () => bus.state !== 'connected')
    await recording.publish(ticks.slice(20, 50))
    const lastSeq = (await recording.messages()).at(-1)?.seq ?? 0
    await recording.bus.manager.streams.purge('TICKS', { seq: lastSeq })
    const left = (await recording.messages()).flatMap(linesOf).length
    const next = live.next()
    proxy.mode = 'open'
    await expect(next).rejects.toMatchObject({ code: 'IBS_TAPE_LOG_CUT' })
    await expect(hub.subscribe({ ...streams, after: cursorOf(got.at(-1)) })).rejects.toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
    await until('what is left was heard', () => hub.ticks === 20 + left)
    const anew = await hub.subscribe(streams)
    await recording.publish(ticks.slice(50))
    expect((await take(anew, 10)).map(({ line }) => line)).toEqual(ticks.slice(50).map(encodeTickJson))
    await hub.close()
    await bus.close()
  })

  test('loses nothing of a log that is made after it', async () => {
    await using recording = await openRecording()
    const lines = market(20, { seed: 6 })
    await recording.bus.manager.streams.delete('TICKS')
    await using hub = await openLiveHub({ bus: recording.bus, signal })
    expect(hub.state).toBe('no_log')
    const live = await hub.subscribe({ cids: CIDS, tts: TYPES, signal })
    const cursor = cursorIn(live.cursor)
    const comesBackBefore = await hub.subscribe({ cids: CIDS, tts: TYPES, after: cursor, signal })
    const reading = Promise.all([live, comesBackBefore].map((stream) => take(stream, lines.length)))
    await recording.publish(lines)
    for (const got of await reading) expect(got.map(({ line }) => line)).toEqual(lines.map(encodeTickJson))
    const comesBackAfter = await hub.subscribe({ cids: CIDS, tts: TYPES, after: cursor, signal })
    expect((await take(comesBackAfter, lines.length)).map(({ line }) => line)).toEqual(lines.map(encodeTickJson))
  })
})
